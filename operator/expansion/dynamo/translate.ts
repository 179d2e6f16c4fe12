import type { DynamoGraphDeployment, PodCliqueSet, PodCliqueSetSpec } from '../../../api/generated/kinds.ts'
import type { FieldError } from '../../../api/field-error.ts'
import type { NewObject } from '../../../api/kinds/kubernetes.ts'
import { DYNAMO_GRAPH, DYNAMO_ORIGIN_VERSION } from '../../../api/names.ts'
import { accessOf } from './access.ts'
import { checkGraph } from './check.ts'
import { claimsToMake } from './claims.ts'
import { type Component, type ComponentGraph, type FieldPath, isMultinode } from './component.ts'
import type { DynamoConfig } from './config.ts'
import { dynamoNamespace, leaderScriptName, scaledName, setName } from './names.ts'
import { normaliseServices } from './normalise.ts'
import { metaOf } from './owned.ts'
import { componentServices, modelServices } from './services.ts'
import { type RenderedSet, renderSet } from './set.ts'
import { type IgnoredField, unsupportedIn } from './unsupported.ts'
import { LEADER_SCRIPT } from './wait-for-leader.ts'

/** What of the cluster a translation depends on. */
export interface Observed {
  /** The graph's set, if it is there. */
  readonly set: PodCliqueSet | null
  /** Names of the volume claims in the graph's namespace that the graph may mount. */
  readonly claims: ReadonlySet<string>
}

/** The object whose scale subresource carries a component's replicas. */
export interface ScaledChild {
  readonly component: string
  readonly kind: 'PodClique' | 'PodCliqueScalingGroup'
  readonly name: string
  /** null: the graph leaves the number to others. */
  readonly replicas: number | null
  /** What the component's pods find each other by. */
  readonly runtimeNamespace: string
}

export interface DesiredSet {
  readonly name: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly ownerReferences: NonNullable<NewObject['metadata']['ownerReferences']>
  readonly spec: PodCliqueSetSpec
}

export interface Desired {
  readonly kind: 'desired'
  readonly set: DesiredSet
  readonly children: readonly ScaledChild[]
  readonly services: readonly NewObject[]
  /** Service accounts, roles and bindings. */
  readonly access: readonly NewObject[]
  readonly configMaps: readonly NewObject[]
  readonly claims: readonly NewObject[]
  readonly ignored: readonly IgnoredField[]
  readonly deprecated: readonly FieldPath[]
  /** What the user should know, without any of it being wrong. */
  readonly notes: readonly string[]
}

export type Translation = Desired | Readonly<{ kind: 'refused'; errors: readonly FieldError[] }>

/**
 * A Dynamo graph as the objects it stands for. Pure: it changes no argument, shares nothing with them, and gives the
 * same for the same graph, in whatever order its services were written.
 */
export function translate(written: DynamoGraphDeployment, config: DynamoConfig, observed: Observed): Translation {
  const copy = structuredClone(written)
  const graph = normaliseServices(copy)
  const { refused, ignored, deprecated } = unsupportedIn(copy)
  const errors = [...refused, ...checkGraph(copy, graph), ...missingClaims(copy, observed)]
  if (errors.length > 0) return { kind: 'refused', errors }
  const settled = { ...config, originVersion: originOf(observed.set) ?? config.originVersion }
  const rendered = renderSet(graph, settled, observed.set)
  if (rendered.kind === 'refused') return rendered
  const { value } = rendered
  return structuredClone({
    kind: 'desired',
    set: setOf(graph, value),
    children: graph.components.map((component) => childOf(graph, component)),
    services: [...componentServices(graph, settled), ...modelServices(graph)],
    access: accessOf(graph, settled),
    configMaps: value.needsLeaderScript ? [leaderScript(graph)] : [],
    claims: claimsToMake(graph, copy.spec.pvcs ?? []),
    ignored,
    deprecated,
    notes: value.notes,
  })
}

/** A set keeps the behaviour that it was first rendered for. */
const originOf = (set: PodCliqueSet | null): string | null =>
  set?.spec.template.cliques[0]?.annotations?.[DYNAMO_ORIGIN_VERSION] ?? null

const missingClaims = ({ spec }: DynamoGraphDeployment, { claims }: Observed): FieldError[] =>
  (spec.pvcs ?? []).flatMap(({ create, name }, i) =>
    create === true || claims.has(name)
      ? []
      : [
          {
            path: ['spec', 'pvcs', i, 'name'],
            found: name,
            want: 'a volume claim that exists, or create: true',
            at: null,
          },
        ],
  )

function setOf(graph: ComponentGraph, { labels, annotations, spec }: RenderedSet): DesiredSet {
  const { ownerReferences = [] } = metaOf(graph, '', {})
  const name = setName(graph.name, graph.components)
  return { name, namespace: graph.namespace, labels, annotations, ownerReferences, spec }
}

function childOf(graph: ComponentGraph, component: Component): ScaledChild {
  return {
    component: component.name,
    kind: isMultinode(component) ? 'PodCliqueScalingGroup' : 'PodClique',
    name: scaledName(setName(graph.name, graph.components), component),
    replicas: component.replicas,
    runtimeNamespace: dynamoNamespace(graph.namespace, graph.name, component),
  }
}

const leaderScript = (graph: ComponentGraph): NewObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: metaOf(graph, leaderScriptName(graph.name), { [DYNAMO_GRAPH]: graph.name }),
  data: { ...LEADER_SCRIPT },
})
