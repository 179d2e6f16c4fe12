import { FLAG, ID, INT, listOf, message, type Message, TEXT, TEXTS, textsOf, TIME } from './projection.ts'

/** On the bookmark that ends a streaming list. */
export const INITIAL_EVENTS_END = 'k8s.io/initial-events-end'

/**
 * ObjectMeta without its managedFields, which are most of it. `annotations`: the keys that the reader wants; others can
 * be a copy of the whole object.
 */
export const metadataOf = (...annotations: readonly string[]): Message =>
  message({
    1: ['name', ID],
    3: ['namespace', TEXT],
    5: ['uid', ID],
    6: ['resourceVersion', ID],
    8: ['creationTimestamp', TIME],
    9: ['deletionTimestamp', TIME],
    11: ['labels', TEXTS],
    12: ['annotations', textsOf(INITIAL_EVENTS_END, ...annotations)],
    13: [
      'ownerReferences',
      listOf(message({ 1: ['kind', TEXT], 3: ['name', TEXT], 4: ['uid', TEXT], 6: ['controller', FLAG] })),
    ],
  })

/** What a Status says; its causes are left out. */
export const STATUS: Message = message({
  2: ['status', TEXT],
  3: ['message', TEXT],
  4: ['reason', TEXT],
  5: [
    'details',
    message({
      1: ['name', TEXT],
      2: ['group', TEXT],
      3: ['kind', TEXT],
      5: ['retryAfterSeconds', INT],
      6: ['uid', TEXT],
    }),
  ],
  6: ['code', INT],
})
