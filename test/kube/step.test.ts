import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FIRST, type Input, OLD_LISTS_MAX, PAGE_LIMIT, restMs, type State, step } from '../../kube/reflector/step.ts'
import { compareVersions, isOlder, isOldNews, newest } from '../../kube/reflector/versions.ts'

const RUNS = { numRuns: 2_000, seed: Number(process.env['SEED'] ?? 1) }
const run = (...inputs: Input[]): State => inputs.reduce(step, FIRST)
const broken: Input = { kind: 'broken', retryAfterMs: null }
const rested: Input = { kind: 'rested' }
const listed = (version: string): Input => ({ kind: 'listed', version })
const heard = (version: string): Input => ({ kind: 'heard', version })
const page = (version: string, next = ''): Input => ({ kind: 'page', version, next })

const stories: [string, State, object][] = [
  ['a streaming list goes on as a watch', run(listed('5')), { kind: 'watching', from: '5', floor: '5' }],
  ['without streaming lists, pages', run({ kind: 'unsupported' }), { kind: 'listing', page: '', streams: 'no' }],
  ['a page leads to the next', run({ kind: 'unsupported' }, page('5', 'p2')), { kind: 'listing', page: 'p2' }],
  [
    'the first page says the version',
    run({ kind: 'unsupported' }, page('5', 'p2'), page('9')),
    { kind: 'watching', from: '5' },
  ],
  [
    'a broken watch rests, then resumes',
    run(listed('5'), heard('7'), broken, rested),
    { kind: 'watching', from: '7', failures: 1 },
  ],
  [
    'a watch that cannot be resumed for long lists anew',
    run(listed('5'), ...Array.from({ length: 9 }, () => [broken, rested]).flat()),
    { kind: 'streaming' },
  ],
  [
    '410 rests, then lists anew',
    run(listed('5'), { kind: 'gone' }, rested),
    { kind: 'streaming', failures: 1, floor: '5' },
  ],
  [
    'a list that expires between pages is asked for in one piece',
    run({ kind: 'unsupported' }, page('5', 'p2'), { kind: 'gone' }, rested),
    { kind: 'listing', page: '', pageLimit: 0 },
  ],
  [
    'and the next one in pages again',
    run({ kind: 'unsupported' }, page('5', 'p2'), { kind: 'gone' }, rested, page('6')),
    { kind: 'watching', pageLimit: PAGE_LIMIT },
  ],
  [
    'a streaming list that was cut is asked for in pages',
    run({ kind: 'incomplete' }, rested),
    { kind: 'listing', streams: 'later' },
  ],
  [
    'and the next one streams again',
    run({ kind: 'incomplete' }, rested, page('5'), { kind: 'gone' }, rested),
    { kind: 'streaming' },
  ],
  [
    'a list does not end a row of failures',
    run(broken, rested, broken, rested, listed('5')),
    { kind: 'watching', failures: 2 },
  ],
  [
    'the watch after a list that ended a long row goes on where it broke, and soon',
    run(listed('5'), ...Array.from({ length: 9 }, () => [broken, rested]).flat(), listed('6'), broken),
    { kind: 'resting', from: '6', failures: 5 },
  ],
  ['news does', run(broken, rested, listed('5'), heard('6')), { kind: 'watching', failures: 0 }],
  [
    'an older list is not believed',
    run(listed('5'), { kind: 'gone' }, rested, listed('4')),
    { kind: 'resting', from: null, floor: '5', olds: 1 },
  ],
  ['Retry-After is kept', run({ kind: 'broken', retryAfterMs: 9_000 }), { kind: 'resting', atLeastMs: 9_000 }],
]
describe('the story of a reflector', () => {
  for (const [name, state, want] of stories) test(name, () => expect(state).toMatchObject(want))

  test('an older list is believed when it has come often enough', () => {
    const again = Array.from({ length: OLD_LISTS_MAX }, () => [listed('4'), rested]).flat()
    const disbelieved = run(listed('5'), { kind: 'gone' }, rested, ...again)
    expect(disbelieved).toMatchObject({ kind: 'streaming', floor: '5' })
    expect(step(disbelieved, listed('4'))).toMatchObject({ kind: 'watching', from: '4', floor: '4', olds: 0 })
  })
})

const version = fc.integer({ min: 1, max: 30 }).map(String)
const input: fc.Arbitrary<Input> = fc.oneof(
  fc.record({ kind: fc.constant('page' as const), version, next: fc.constantFrom('', 'more') }),
  fc.record({ kind: fc.constant('listed' as const), version }),
  fc.record({ kind: fc.constant('heard' as const), version }),
  fc.constantFrom<Input>(
    broken,
    rested,
    { kind: 'gone' },
    { kind: 'closed' },
    { kind: 'incomplete' },
    { kind: 'unsupported' },
  ),
)

test('safety: whatever comes, versions of a watch never go back, failures are counted, and stop is for good', () =>
  fc.assert(
    fc.property(fc.array(input, { maxLength: 80, size: 'max' }), (inputs) => {
      let state: State = FIRST
      for (const next of inputs) {
        const after = step(state, next)
        if (state.kind === 'watching' && after.kind === 'watching' && next.kind === 'heard') {
          expect(Number(after.from)).toBeGreaterThanOrEqual(Number(state.from))
          expect(after.failures).toBe(0)
        }
        if (after.kind === 'resting') expect(after.failures).toBeGreaterThan(0)
        if (after.kind === 'watching') expect(Number(after.floor)).toBeGreaterThanOrEqual(Number(after.from))
        state = after
      }
      expect(inputs.reduce(step, step(state, { kind: 'stop' }))).toEqual({ kind: 'stopped' })
    }),
    RUNS,
  ))

test('liveness: from any state, a server that works again is watched after at most two answers', () =>
  fc.assert(
    fc.property(fc.array(input, { maxLength: 40 }), (inputs) => {
      let state = inputs.reduce(step, FIRST)
      for (let i = 0; i < 2 && state.kind !== 'watching'; i++) {
        if (state.kind === 'resting') state = step(state, rested)
        if (state.kind === 'streaming') state = step(state, listed('99'))
        if (state.kind === 'listing') state = step(state, page('99'))
      }
      // half a list from before may be older than what is known: then once more
      if (state.kind === 'resting')
        state = step(step(state, rested), state.streams === 'yes' ? listed('99') : page('99'))
      expect(state.kind).toBe('watching')
    }),
    RUNS,
  ))

test('rests double from 0.4 s to 30 s, are drawn between half and whole, and are never shorter than asked', () => {
  expect([1, 2, 3, 4].map((failures) => restMs(failures, 0, 1))).toEqual([400, 800, 1_600, 3_200])
  expect([restMs(1, 0, 0), restMs(50, 0, 0), restMs(50, 0, 1)]).toEqual([200, 15_000, 30_000])
  expect(restMs(1, 9_000, 0)).toBe(9_000)
})

describe('versions', () => {
  test('compare as numbers of any length', () => {
    expect(compareVersions('9', '10')).toBeLessThan(0)
    expect(compareVersions('18446744073709551615', '18446744073709551614')).toBeGreaterThan(0)
    expect(compareVersions('7', '7')).toBe(0)
    expect([isOlder('9', '10'), isOlder('10', '9'), isOlder('1', null)]).toEqual([true, false, false])
  })
  test('what is no number is neither older nor old news', () => {
    expect([compareVersions('a', '7'), isOlder('a', '7'), isOldNews('a', '7'), newest('7', 'a')]).toEqual([
      null,
      false,
      false,
      'a',
    ])
  })
})
