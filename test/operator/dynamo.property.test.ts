import {
  type Arbitrary,
  array,
  assert,
  boolean,
  constantFrom,
  dictionary,
  integer,
  option,
  pre,
  property,
  record,
  sample,
  uniqueArray,
} from 'fast-check'
import { expect, test } from 'vitest'
import type { DynamoGraphDeployment, DynamoService, PodCliqueSet } from '../../api/generated/kinds.ts'
import { DYNAMO_DEFAULTS } from '../../operator/expansion/dynamo/config.ts'
import { translate } from '../../operator/expansion/dynamo/translate.ts'
import { asStored, CLAIMS } from './dynamo-graphs.ts'

const run = { numRuns: 300, seed: Number(process.env['SEED'] ?? 1) }
const maybe = <T>(value: Arbitrary<T>): Arbitrary<T | undefined> => option(value, { nil: undefined })
const word = constantFrom('a', 'b', 'LOG', 'Z_9', 'team')
const variables = uniqueArray(record({ name: word, value: word }), { selector: ({ name }) => name })

const service: Arbitrary<DynamoService> = record({
  componentType: constantFrom('frontend', 'worker', 'prefill', 'decode', 'planner', 'odd', ''),
  subComponentType: maybe(constantFrom('prefill', 'decode')),
  replicas: maybe(integer({ min: 0, max: 5 })),
  multinode: maybe(record({ nodeCount: integer({ min: 2, max: 5 }) })),
  resources: maybe(record({ limits: record({ gpu: constantFrom('1', '4', '8') }) })),
  envs: maybe(variables),
  envFromSecret: maybe(word),
  labels: maybe(dictionary(word, word)),
  sharedMemory: maybe(record({ disabled: boolean() })),
  extraPodSpec: record({
    mainContainer: record({
      image: constantFrom('i:1.6.0', 'i:0.5.1', 'i'),
      command: constantFrom(['python3', '-m', 'dynamo.vllm'], ['bash', '-c'], ['python3', '-m', 'dynamo.sglang']),
      args: array(constantFrom('--tensor-parallel-size', '8', 'python3 -m dynamo.trtllm --x', "it's"), {
        maxLength: 3,
      }),
      env: maybe(variables),
    }),
  }),
}).map((value) => JSON.parse(JSON.stringify(value)) as DynamoService)

const graphs: Arbitrary<DynamoGraphDeployment> = record({
  services: uniqueArray(record({ name: constantFrom('Frontend', 'decode', 'Prefill', 'planner', 'w1'), service }), {
    selector: ({ name }) => name,
    minLength: 1,
  }),
  envs: variables,
  backendFramework: maybe(constantFrom('vllm' as const, 'sglang' as const)),
}).map(({ services, envs, backendFramework }) =>
  asStored({
    apiVersion: 'nvidia.com/v1alpha1',
    kind: 'DynamoGraphDeployment',
    metadata: { name: 'graph' } as DynamoGraphDeployment['metadata'],
    spec: {
      services: Object.fromEntries(services.map((each) => [each.name, each.service])),
      envs,
      ...(backendFramework && { backendFramework }),
    },
  }),
)

const translated = (graph: DynamoGraphDeployment, set: PodCliqueSet | null = null) =>
  translate(graph, DYNAMO_DEFAULTS, { set, claims: CLAIMS })

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value)
    for (const inner of Object.values(value)) frozen(inner)
  }
  return value
}

test('safety: a translation changes nothing of what it reads', () => {
  assert(
    property(graphs, (graph) => {
      const before = JSON.stringify(graph)
      translated(frozen(graph))
      expect(JSON.stringify(graph)).toBe(before)
    }),
    run,
  )
})

test('safety: the order in which services are written changes nothing', () => {
  assert(
    property(graphs, (graph) => {
      const services = Object.fromEntries(Object.entries(graph.spec.services).reverse())
      expect(JSON.stringify(translated({ ...graph, spec: { ...graph.spec, services } }))).toBe(
        JSON.stringify(translated(graph)),
      )
    }),
    run,
  )
})

test('safety: translating again over the set that was written changes nothing', () => {
  assert(
    property(graphs, (graph) => {
      const first = translated(graph)
      pre(first.kind === 'desired')
      const again = translated(graph, { spec: first.set.spec } as unknown as PodCliqueSet)
      expect(again).toEqual(first)
    }),
    run,
  )
})

test('safety: no environment names a variable twice', () => {
  assert(
    property(graphs, (graph) => {
      const result = translated(graph)
      pre(result.kind === 'desired')
      for (const { spec } of result.set.spec.template.cliques) {
        for (const { env = [] } of spec.podSpec.containers) {
          expect(new Set(env.map(({ name }) => name)).size).toBe(env.length)
        }
      }
    }),
    run,
  )
})

test('graphs of both kinds are common, and many span nodes', () => {
  const results = sample(graphs, { ...run, numRuns: 300 }).map((graph) => translated(graph))
  const desired = results.filter(({ kind }) => kind === 'desired')
  expect(desired.length).toBeGreaterThan(60)
  expect(results.length - desired.length).toBeGreaterThan(20)
  expect(desired.filter((each) => JSON.stringify(each).includes('-ldr')).length).toBeGreaterThan(30)
})
