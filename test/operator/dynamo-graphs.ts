import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { DynamoGraphDeployment, PodCliqueSet } from '../../api/generated/kinds.ts'
import type { Container, PodSpec } from '../../api/kinds/kubernetes.ts'
import { DYNAMO_DEFAULTS, type DynamoConfig } from '../../operator/expansion/dynamo/config.ts'
import { type Desired, translate } from '../../operator/expansion/dynamo/translate.ts'

export const FIXTURES: URL = new URL('../fixtures/dynamo/', import.meta.url)

/** A graph as the API server hands it out: the file, with what a server adds. */
export function readGraph(name: string): DynamoGraphDeployment {
  const text = readFileSync(new URL(`${name}/graph.yaml`, FIXTURES), 'utf8')
  return asStored(parse(text) as DynamoGraphDeployment)
}

export function asStored(graph: DynamoGraphDeployment): DynamoGraphDeployment {
  const metadata = {
    namespace: 'default',
    uid: 'graph-uid',
    resourceVersion: '1',
    creationTimestamp: '',
    generation: 1,
  }
  return { ...graph, metadata: { ...metadata, ...graph.metadata } }
}

export const CLAIMS: ReadonlySet<string> = new Set(['vcache', 'models'])

/** The graph's objects; throws the errors if it is refused. */
export function desiredOf(
  graph: DynamoGraphDeployment,
  set: PodCliqueSet | null = null,
  config: Partial<DynamoConfig> = {},
): Desired {
  const translation = translate(graph, { ...DYNAMO_DEFAULTS, ...config }, { set, claims: CLAIMS })
  if (translation.kind === 'refused') throw new Error(JSON.stringify(translation.errors))
  return translation
}

export function errorsOf(graph: DynamoGraphDeployment): string[] {
  const translation = translate(graph, DYNAMO_DEFAULTS, { set: null, claims: CLAIMS })
  return translation.kind === 'refused' ? translation.errors.map(({ path }) => path.join('.')) : []
}

export function podOf(desired: Desired, clique: string): PodSpec {
  const found = desired.set.spec.template.cliques.find(({ name }) => name === clique)
  if (found === undefined) throw new Error(`no clique ${clique}`)
  return found.spec.podSpec
}

export function mainOf(desired: Desired, clique: string): Container {
  const [main] = podOf(desired, clique).containers
  if (main === undefined) throw new Error(`no container in ${clique}`)
  return main
}

/** `name replicas/minAvailable`, a clique a line. */
export const cliquesOf = (desired: Desired): string[] =>
  desired.set.spec.template.cliques.map(({ name, spec }) => `${name} ${spec.replicas}/${spec.minAvailable}`)

/** `NAME=value`, or the name alone for a value that the kubelet finds. */
export const envOf = (container: Container): string[] =>
  (container.env ?? []).map(({ name, value }) => (value === undefined ? name : `${name}=${value}`))
