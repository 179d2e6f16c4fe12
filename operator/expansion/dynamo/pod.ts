import type { Container, PodSpec } from '../../../api/kinds/kubernetes.ts'
import type { FieldError } from '../../../api/field-error.ts'
import type { Component, ComponentGraph, Role } from './component.ts'
import type { DynamoConfig } from './config.ts'
import { commandLineOf, mainContainer, withEngineChange } from './container.ts'
import { defaultsOf, type TypeDefaults } from './defaults.ts'
import { detectEngine, startAcrossNodes } from './engine.ts'
import { discoveryOf } from './environment.ts'
import { type EngineChange, unchanged } from './multinode.ts'
import { discoveryAccountName } from './names.ts'
import { cacheOf, podVolumes } from './volumes.ts'

const GRACE_SECONDS = 60
/** Images run as this group by default, so that mounted volumes are writable. */
const FILE_SYSTEM_GROUP = 1000

/** The pods of one role, with what their engine asks of the set around them. */
export type RenderedPod =
  | Readonly<{
      kind: 'rendered'
      podSpec: PodSpec
      startsAfter: readonly string[]
      needsLeaderScript: boolean
      note: string | null
    }>
  | Readonly<{ kind: 'refused'; error: FieldError }>

export function renderPod(graph: ComponentGraph, component: Component, role: Role, config: DynamoConfig): RenderedPod {
  const defaults = defaultsOf(component, graph)
  const detected = detectEngine(graph, component, commandLineOf({ ...defaults.container, ...component.main }))
  if (detected.kind === 'refused') return detected
  const { engine } = detected
  const cache = component.mounts.findIndex(({ useAsCompilationCache }) => useAsCompilationCache === true)
  if (cache >= 0 && cacheOf(component, engine) === null) return cacheWithoutPlace(component, cache)
  const main = mainContainer(graph, component, config, defaults, engine)
  const line = commandLineOf(main)
  const answer =
    role === 'single' ? unchanged(line) : startAcrossNodes(engine, { graph, component, config, role, line, main })
  if (answer.kind === 'refused') return answer
  const { change } = answer
  return {
    kind: 'rendered',
    podSpec: podSpecOf(graph, component, config, defaults, withEngineChange(main, change), change),
    startsAfter: change.startsAfter ?? [],
    needsLeaderScript: (change.initContainers ?? []).length > 0,
    note: change.note ?? null,
  }
}

function podSpecOf(
  graph: ComponentGraph,
  component: Component,
  config: DynamoConfig,
  defaults: TypeDefaults,
  main: Container,
  change: EngineChange,
): PodSpec {
  const { podSpec: own } = component
  const serviceAccountName = own.serviceAccountName || accountOf(graph, config, defaults)
  const schedulerName = own.schedulerName || config.schedulerName
  const initContainers = [...(own.initContainers ?? []), ...(change.initContainers ?? [])]
  const volumes = podVolumes(component, main, change.volumes ?? [])
  return {
    terminationGracePeriodSeconds: GRACE_SECONDS,
    restartPolicy: 'Always',
    securityContext: { fsGroup: FILE_SYSTEM_GROUP },
    ...own,
    ...(serviceAccountName !== '' && { serviceAccountName }),
    ...(schedulerName !== '' && { schedulerName }),
    ...(initContainers.length > 0 && { initContainers }),
    containers: [main, ...component.sidecars],
    ...(volumes.length > 0 && { volumes }),
  }
}

function accountOf(graph: ComponentGraph, config: DynamoConfig, { serviceAccount }: TypeDefaults): string {
  if (serviceAccount !== null) return serviceAccount
  return discoveryOf(graph, config) === 'kubernetes' ? discoveryAccountName(graph.name) : ''
}

const cacheWithoutPlace = (component: Component, index: number): RenderedPod => ({
  kind: 'refused',
  error: {
    path: [...component.path, 'volumeMounts', index, 'mountPoint'],
    found: null,
    want: 'the path of the compilation cache, which is known only for vLLM',
    at: null,
  },
})
