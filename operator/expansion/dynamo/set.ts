import type { FieldError } from '../../../api/field-error.ts'
import type { PodCliqueSet, PodCliqueSetSpec } from '../../../api/generated/kinds.ts'
import { DYNAMO_GRAPH, GROVE_UPDATE_STRATEGY } from '../../../api/names.ts'
import { type Component, type ComponentGraph, isMultinode, type Role, rolesOf } from './component.ts'
import type { DynamoConfig } from './config.ts'
import { cliqueAnnotations, cliqueLabels, sorted } from './metadata.ts'
import { cliqueName } from './names.ts'
import { type RenderedPod, renderPod } from './pod.ts'

type Template = PodCliqueSetSpec['template']
type Clique = Template['cliques'][number]
type Constraint = NonNullable<Template['topologyConstraint']>
type ScalingGroup = NonNullable<Template['podCliqueScalingGroups']>[number]

/** What is written to a graph's PodCliqueSet, beside its name and the record of what was written. */
export interface RenderedSet {
  readonly labels: Record<string, string>
  readonly annotations: Record<string, string>
  readonly spec: PodCliqueSetSpec
  readonly needsLeaderScript: boolean
  readonly notes: readonly string[]
}

type Rendered<T> = Readonly<{ kind: 'rendered'; value: T } | { kind: 'refused'; errors: readonly FieldError[] }>

/**
 * The set of a graph. `live` is the set that there is: its numbers of replicas are kept, because those are changed on
 * its children and never here, and its order of cliques, because a mere change of order must write nothing.
 */
export function renderSet(
  graph: ComponentGraph,
  config: DynamoConfig,
  live: PodCliqueSet | null,
): Rendered<RenderedSet> {
  const roles = graph.components.flatMap((component) => rolesOf(component).map((role) => ({ component, role })))
  const pods = roles.map(({ component, role }) => renderPod(graph, component, role, config))
  const errors = pods.flatMap((pod) => (pod.kind === 'refused' ? [pod.error] : []))
  if (errors.length > 0) return { kind: 'refused', errors: distinct(errors) }
  const rendered = pods.filter((pod) => pod.kind === 'rendered')
  const cliques = roles.map(({ component, role }, i) => cliqueOf(graph, component, role, config, rendered[i]))
  const groups = graph.components.filter(isMultinode).map((component) => groupOf(graph, component))
  const strategy = graph.switches[GROVE_UPDATE_STRATEGY]
  return {
    kind: 'rendered',
    value: {
      labels: sorted({ ...graph.labels, [DYNAMO_GRAPH]: graph.name }),
      annotations: sorted(graph.annotations),
      spec: {
        replicas: 1,
        ...(strategy !== undefined && { updateStrategy: { type: strategy as 'RollingRecreate' | 'OnDelete' } }),
        template: templateOf(graph, config, cliques, groups, live),
      },
      needsLeaderScript: rendered.some(({ needsLeaderScript }) => needsLeaderScript),
      notes: [...new Set(rendered.flatMap(({ note }) => (note === null ? [] : [note])))],
    },
  }
}

/** Two roles of one component fail alike; once is enough. */
const distinct = (errors: readonly FieldError[]): FieldError[] => [
  ...new Map(errors.map((error) => [JSON.stringify(error), error])).values(),
]

function templateOf(
  graph: ComponentGraph,
  config: DynamoConfig,
  cliques: readonly Clique[],
  groups: readonly ScalingGroup[],
  live: PodCliqueSet | null,
): Template {
  const isOrdered = cliques.some(({ spec }) => spec.startsAfter !== undefined)
  const topologyConstraint = constraint(graph.topologyName, graph.packDomain)
  const known = live?.spec.template
  return {
    cliqueStartupType: isOrdered ? 'CliqueStartupTypeExplicit' : 'CliqueStartupTypeAnyOrder',
    headlessServiceConfig: { publishNotReadyAddresses: true },
    ...(config.terminationDelay !== '' && { terminationDelay: config.terminationDelay }),
    ...(graph.priorityClassName !== '' && { priorityClassName: graph.priorityClassName }),
    ...(topologyConstraint !== null && { topologyConstraint }),
    cliques: inLiveOrder(cliques, known?.cliques).map((clique) => keptReplicas(clique, groups, known)),
    ...(groups.length > 0 && {
      podCliqueScalingGroups: inLiveOrder(groups, known?.podCliqueScalingGroups).map((group) => ({
        ...group,
        replicas: named(known?.podCliqueScalingGroups, group.name)?.replicas ?? group.replicas ?? 1,
      })),
    }),
  }
}

function cliqueOf(
  graph: ComponentGraph,
  component: Component,
  role: Role,
  config: DynamoConfig,
  pod: Extract<RenderedPod, { kind: 'rendered' }> | undefined,
): Clique {
  if (pod === undefined) throw new Error(`no pod was rendered for ${component.name}`)
  const name = cliqueName(component, role)
  const topologyConstraint = role === 'single' ? componentConstraint(graph, component) : null
  return {
    name,
    labels: cliqueLabels(graph, component, config),
    annotations: cliqueAnnotations(graph, component, config),
    ...(topologyConstraint !== null && { topologyConstraint }),
    spec: {
      roleName: name,
      ...sizeOf(component, role),
      ...(pod.startsAfter.length > 0 && { startsAfter: [...pod.startsAfter] }),
      podSpec: pod.podSpec,
    },
  }
}

/** An engine over N nodes is no engine with fewer: all its workers are the minimum. */
function sizeOf(component: Component, role: Role): { replicas: number; minAvailable: number } {
  if (role === 'leader') return { replicas: 1, minAvailable: 1 }
  if (role === 'worker') return { replicas: component.nodeCount - 1, minAvailable: component.nodeCount - 1 }
  return { replicas: seedOf(component), minAvailable: component.minAvailable }
}

/** A template cannot say 0, nor less than its minimum: the children are scaled to that afterwards. */
const seedOf = ({ replicas, minAvailable }: Component): number => Math.max(replicas ?? 1, minAvailable, 1)

function groupOf(graph: ComponentGraph, component: Component): ScalingGroup {
  const topologyConstraint = componentConstraint(graph, component)
  return {
    name: component.lowerName,
    cliqueNames: rolesOf(component).map((role) => cliqueName(component, role)),
    replicas: seedOf(component),
    minAvailable: component.minAvailable,
    ...(topologyConstraint !== null && { topologyConstraint }),
  }
}

/** Below a constraint of the graph the topology's name is inherited; without one it must be said. */
const componentConstraint = (graph: ComponentGraph, component: Component): Constraint | null =>
  constraint(graph.packDomain === '' ? graph.topologyName : '', component.packDomain ?? '')

function constraint(topologyName: string, domain: string): Constraint | null {
  if (domain === '') return null
  return { ...(topologyName !== '' && { topologyName }), pack: { required: domain } }
}

const named = <T extends { name: string }>(items: readonly T[] | undefined, name: string): T | undefined =>
  items?.find((item) => item.name === name)

function inLiveOrder<T extends { name: string }>(items: readonly T[], live: readonly T[] | undefined): T[] {
  const position = new Map((live ?? []).map(({ name }, i) => [name, i]))
  const of = ({ name }: T): number => position.get(name) ?? position.size
  return items
    .map((item, i) => ({ item, i }))
    .sort((a, b) => of(a.item) - of(b.item) || a.i - b.i)
    .map(({ item }) => item)
}

/** Members of a scaling group are never scaled by themselves, so theirs follow the graph. */
function keptReplicas(clique: Clique, groups: readonly ScalingGroup[], live: Template | undefined): Clique {
  if (groups.some(({ cliqueNames }) => cliqueNames.includes(clique.name))) return clique
  const replicas = named(live?.cliques, clique.name)?.spec.replicas
  return replicas === undefined ? clique : { ...clique, spec: { ...clique.spec, replicas } }
}
