import { int32, int64, listOf, type ListSchema, type ObjectSchema, object, text, time, type Schema } from '../schema.ts'

/** Parts that the status of several kinds share. */

export const conditions: ListSchema = listOf(
  'What is true of the object now, one entry a type.',
  object(
    'StatusCondition',
    'One observation.',
    {
      type: text('What is observed.', { maxLength: 316 }),
      status: text('True, False or Unknown.', { oneOf: ['True', 'False', 'Unknown'] }),
      reason: text('A code for machines.', { maxLength: 1024 }),
      message: text('A sentence for people.', { maxLength: 32_768 }),
      lastTransitionTime: time('When the status last changed.'),
      observedGeneration: int64('The generation that was looked at.', { minimum: 0 }),
    },
    { required: ['status', 'type'], typed: 'Condition' },
  ),
  { keys: ['type'] },
)

export const observedGeneration: Schema = int64('The generation that the rest of the status speaks of.')

export const lastErrors: ListSchema = listOf(
  'What went wrong in the newest round; empty at rest.',
  object(
    'LastError',
    'One error.',
    {
      code: text('A code for machines.'),
      description: text('What happened.'),
      observedAt: time('When it was seen.'),
    },
    { required: ['code', 'description', 'observedAt'] },
  ),
)

export const count = (doc: string): Schema => int32(doc)

/** The fields that every long-running update reports. */
export const updateTimes: ObjectSchema['fields'] = {
  updateStartedAt: time('When the update began.'),
  updateEndedAt: time('When it ended; absent while it runs.'),
}
