import { describe as group, expect, test } from 'vitest'
import { describe } from '../../api/field-error.ts'
import { heatsOf } from '../../bench/command/select.ts'
import { named, shippedScenarios } from '../../bench/scenario/catalogue.ts'
import { parseScenarios } from '../../bench/scenario/parse.ts'
import { fittingPods, nodesOf } from '../../bench/scenario/scenario.ts'

const whole = `
name: small
summary: a few gangs
depths: [planner, control-plane]
sets: [quick]
cluster:
  levels: [{name: zone, count: 2}, {name: rack, count: 3}]
  nodes: 4
  node: {gpu: 8, cpu: 64, memoryGi: 512}
workload:
  gangs: [{name: g, count: 5, required: rack, groups: [{pods: 2, gpu: 4}]}]
expect: {bound: all}
`

const complaints = (text: string): string[] => parseScenarios(text).errors.map((error) => describe('s.yaml', error))
const changed = (from: string, to: string): string[] => {
  expect(whole).toContain(from)
  return complaints(whole.replace(from, to))
}

group('scenario files', () => {
  test('a whole one is read, with every default filled in', () => {
    const { scenarios, errors } = parseScenarios(whole)
    expect(errors).toEqual([])
    expect(scenarios).toHaveLength(1)
    expect(nodesOf(scenarios[0]!.cluster)).toBe(24)
    expect(scenarios[0]).toMatchObject({ seed: 1, rounds: 3, limitSeconds: 600, peers: ['espalier'], source: null })
    expect(scenarios[0]!.workload).toMatchObject({ kind: 'gangs', arrival: { kind: 'before' } })
  })

  test('a sweep is one scenario a size, and the broadest level is what grows', () => {
    const { scenarios, errors } = parseScenarios(`${whole}sweep: {nodes: [12, 24, 48]}\n`)
    expect(errors).toEqual([])
    expect(scenarios.map(({ name }) => name)).toEqual(['small@12', 'small@24', 'small@48'])
    expect(scenarios.map(({ cluster }) => nodesOf(cluster))).toEqual([12, 24, 48])
  })

  const wrong: [what: string, from: string, to: string, told: string][] = [
    [
      'a depth that there is not',
      'control-plane]',
      'cloud]',
      's.yaml:4:19: depths[1]: found "cloud", want one of planner, embedded, control-plane, trace',
    ],
    [
      'a level that the cluster lacks',
      'required: rack',
      'required: block',
      's.yaml:11:41: workload.gangs[0].required: found "block", want a level of this cluster: zone, rack, host',
    ],
    [
      'no count',
      'count: 5',
      'count: many',
      's.yaml:11:28: workload.gangs[0].count: found "many", want a whole number from 1 to 100000',
    ],
    ['a field of another name', 'summary:', 'title:', 's.yaml:3:1: title: found "title", want one of name, summary'],
    [
      'levels that do not nest',
      '{name: zone, count: 2}, {name: rack, count: 3}',
      '{name: rack, count: 2}, {name: zone, count: 3}',
      'want a level below rack: levels stand broad to narrow',
    ],
    [
      'nothing to expect',
      'expect: {bound: all}',
      'expect: {}',
      's.yaml:12:9: expect.bound: found nothing, want a value',
    ],
    [
      'more bound than there is',
      'bound: all',
      'bound: 11',
      'want bound to be at most 10, the pods of the gangs that fit',
    ],
    [
      'a peer that there is not',
      'expect:',
      'peers: [nomad]\nexpect:',
      'peers[0]: found "nomad", want one of espalier, kube-pods',
    ],
    [
      'two kinds of work',
      'gangs: [{',
      'set: {replicas: 1, pods: 1, gpu: 1}\n  gangs: [{',
      'want exactly one of gangs, trace, serving, set',
    ],
    [
      'an arrival that the planner has not',
      'gangs: [{',
      'arrival: live\n  gangs: [{',
      'want only embedded, control-plane for such a workload',
    ],
    ['no YAML', 'depths: [planner', 'depths: [[planner', 'want YAML'],
  ]
  test.each(wrong)('%s is told with its place, what was found and what would be right', (_what, from, to, told) => {
    expect(changed(from, to).join('\n')).toContain(told)
  })
})

group('the scenarios that come along', () => {
  const scenarios = shippedScenarios()

  test('all can be read, and none is empty', () => {
    expect(scenarios.length).toBeGreaterThan(20)
    for (const { workload } of scenarios)
      if (workload.kind === 'gangs') expect(fittingPods(workload.gangs)).toBeGreaterThan(0)
  })

  test('there is one for each shape that a peer has published, and each depth has some', () => {
    for (const depth of ['planner', 'embedded', 'control-plane', 'trace'] as const)
      expect(scenarios.filter(({ depths }) => depths.includes(depth)).length).toBeGreaterThan(3)
    const source = scenarios.map((each) => each.source ?? '').join()
    for (const whose of ['KAI', 'scheduler_perf', 'Kueue']) expect(source).toContain(whose)
  })

  test('a name finds a scenario or all of a sweep, and an unknown one says which there are', () => {
    expect(named(scenarios, ['gang-512'])).toHaveLength(1)
    expect(named(scenarios, ['latency'])).toHaveLength(4)
    expect(() => named(scenarios, ['gang-513'])).toThrow(/no scenario "gang-513"; there are: .*gang-512/)
  })
})

test('the quick set takes one round of each scheduler, unless told otherwise', () => {
  const asked = { names: [], files: [], set: 'quick', depth: 'control-plane', peers: [], rounds: null, seed: null }
  const roundsOf = (more: object): number[] => [
    ...new Set(heatsOf({ ...asked, ...more }).map(({ scenario }) => scenario.rounds)),
  ]
  expect(roundsOf({})).toEqual([1])
  expect(roundsOf({ rounds: 2 })).toEqual([2])
  expect(roundsOf({ names: ['gangs-250x8'] })).toEqual([3])
})
