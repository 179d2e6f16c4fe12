/**
 * How kwok lets nodes and pods live here. Its own stages run no init containers, drop the condition PodScheduled and end
 * the pods of Jobs; these do what sim/nodes does as far as an API client can see, and leave the start-up rule to
 * whoever annotates the pod whose turn it is (`turns.ts`).
 */
import { WAITER_CONTAINER } from '../../sim/nodes/pod-run.ts'

/** Set on a pod that waits for other cliques, once it need not any more. */
export const TURN = 'test.espalier.io/turn'

/** A condition in CEL over `self`; or in jq, for lists whose items kwok's CEL does not know. */
type Condition =
  | string
  | { readonly key: string; readonly operator: 'In' | 'NotIn'; readonly values: readonly string[] }

interface Stage {
  readonly name: string
  readonly kind: 'Node' | 'Pod'
  /** All of them must hold. Of one object no two stages may match at once. */
  readonly when: readonly Condition[]
  readonly delayMs?: readonly [from: number, to: number]
  readonly does: object
}

const matchExpression = (condition: Condition): object =>
  typeof condition === 'string' ? { cel: { expression: condition } } : { jq: condition }

function stageOf({ name, kind, when, delayMs, does }: Stage): object {
  const [durationMilliseconds, jitterDurationMilliseconds] = delayMs ?? [0, 0]
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: 'v1', kind },
      selector: { matchExpressions: when.map(matchExpression) },
      ...(delayMs === undefined ? {} : { delay: { durationMilliseconds, jitterDurationMilliseconds } }),
      steps: [does],
    },
  }
}

/** Lists are merged by their keys, so what others have written there stays. */
const statusPatch = (template: string): object => ({
  patch: { subresource: 'status', root: 'status', type: 'strategic', template },
})

const NODE_CONDITIONS = `
{{ $now := Now }}
conditions:
{{ range NodeConditions }}
- lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ or $.metadata.creationTimestamp $now | Quote }}
  message: {{ .message | Quote }}
  reason: {{ .reason | Quote }}
  status: {{ .status | Quote }}
  type: {{ .type | Quote }}
{{ end }}`

/** A Node that says nothing of its size gets that of a small machine. */
const NODE_REGISTERS = `${NODE_CONDITIONS}
{{ if not .status.allocatable }}
allocatable: {cpu: "32", memory: 256Gi, pods: "110"}
{{ end }}
{{ if not .status.capacity }}
capacity: {cpu: "32", memory: 256Gi, pods: "110"}
{{ end }}
{{ if not .status.addresses }}
addresses:
{{ with NodeIP }}
- {type: InternalIP, address: {{ . | Quote }}}
{{ end }}
- {type: Hostname, address: {{ .metadata.name | Quote }}}
{{ end }}
{{ $architecture := "amd64" }}
{{ with .metadata.labels }}{{ $architecture = or (index . "kubernetes.io/arch") $architecture }}{{ end }}
nodeInfo:
  architecture: {{ $architecture }}
  operatingSystem: linux
  kubeletVersion: {{ printf "kwok-%s" Version | Quote }}
  kubeProxyVersion: ""
  containerRuntimeVersion: {{ printf "kwok-%s" Version | Quote }}
  kernelVersion: ""
  osImage: ""
  machineID: ""
  systemUUID: ""
  bootID: ""
phase: Running`

const nodeIsReady = (operator: 'In' | 'NotIn'): Condition => ({
  key: '.status.conditions.[] | select(.type == "Ready") | .status',
  operator,
  values: ['True'],
})
const LIVES = '!has(self.metadata.deletionTimestamp)'
const IS_PENDING = "!has(self.status.phase) || self.status.phase == 'Pending'"
const HAS_INIT =
  "has(self.spec.initContainers) && self.spec.initContainers.exists(c, !has(c.restartPolicy) || c.restartPolicy != 'Always')"
const IS_BEGUN = 'has(self.status.startTime)'
const WAITS = `has(self.spec.initContainers) && self.spec.initContainers.exists(c, c.name == '${WAITER_CONTAINER}')`
const HAS_TURN = `has(self.metadata.annotations) && '${TURN}' in self.metadata.annotations`

const condition = (type: string, status: 'True' | 'False'): string =>
  `- {type: ${type}, status: "${status}", lastTransitionTime: {{ Now | Quote }}}`

const ADDRESSES = `
{{ with NodeIPsWith .spec.nodeName }}
hostIP: {{ index . 0 | Quote }}
hostIPs: [{ip: {{ index . 0 | Quote }}}]
{{ end }}
{{ if not .status.podIP }}
{{ with PodIPsWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) }}
podIP: {{ index . 0 | Quote }}
podIPs: [{ip: {{ index . 0 | Quote }}}]
{{ end }}
{{ end }}`

/** Init containers begin, and the others wait for them. */
const POD_INITIALIZES = `
phase: Pending
startTime: {{ Now | Quote }}
conditions:
${condition('Initialized', 'False')}
${condition('ContainersReady', 'False')}
${condition('Ready', 'False')}
initContainerStatuses:
{{ range .spec.initContainers }}
- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, imageID: "", ready: false, started: true, restartCount: 0, state: {running: {startedAt: {{ Now | Quote }}}}}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, imageID: "", ready: false, started: false, restartCount: 0, state: {waiting: {reason: PodInitializing}}}
{{ end }}
${ADDRESSES}`

const RUNNING = 'state: {waiting: null, running: {startedAt: {{ Now | Quote }}}}'
const COMPLETED =
  'state: {running: null, terminated: {exitCode: 0, reason: Completed, startedAt: {{ Now | Quote }}, finishedAt: {{ Now | Quote }}}}'

const POD_RUNS = `
phase: Running
{{ if not .status.startTime }}
startTime: {{ Now | Quote }}
{{ end }}
conditions:
${condition('Initialized', 'True')}
${condition('ContainersReady', 'True')}
${condition('Ready', 'True')}
{{ range .spec.readinessGates }}
- {type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ Now | Quote }}}
{{ end }}
{{ if .spec.initContainers }}
initContainerStatuses:
{{ range .spec.initContainers }}
- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, imageID: "", ready: true, restartCount: 0, {{ if eq (or .restartPolicy "") "Always" }}started: true, ${RUNNING}{{ else }}started: false, ${COMPLETED}{{ end }}}
{{ end }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, imageID: "", ready: true, started: true, restartCount: 0, ${RUNNING}}
{{ end }}
${ADDRESSES}`

const STAGES: readonly Stage[] = [
  { name: 'node-registers', kind: 'Node', when: [nodeIsReady('NotIn')], does: statusPatch(NODE_REGISTERS) },
  {
    name: 'pod-initializes',
    kind: 'Pod',
    when: [LIVES, IS_PENDING, HAS_INIT, `!(${IS_BEGUN})`],
    delayMs: [20, 100],
    does: statusPatch(POD_INITIALIZES),
  },
  {
    name: 'pod-runs',
    kind: 'Pod',
    when: [LIVES, IS_PENDING, `!(${HAS_INIT}) || (${IS_BEGUN})`, `!(${WAITS}) || (${HAS_TURN})`],
    delayMs: [100, 500],
    does: statusPatch(POD_RUNS),
  },
  { name: 'pod-goes', kind: 'Pod', when: [`!(${LIVES})`], delayMs: [20, 200], does: { delete: true } },
]

/** What a node tells every 20 to 25 s; off where thousands of them would keep the server busy. */
const HEARTBEAT: Stage = {
  name: 'node-heartbeat',
  kind: 'Node',
  when: [nodeIsReady('In')],
  delayMs: [20_000, 25_000],
  does: statusPatch(NODE_CONDITIONS),
}

/** kwok's configuration file: a document each. Without heartbeats nodes hold no Leases either. */
export function kwokConfiguration({ heartbeats }: { readonly heartbeats: boolean }): readonly object[] {
  const options = {
    manageAllNodes: true,
    cidr: '10.128.0.0/9',
    nodeLeaseDurationSeconds: heartbeats ? 40 : 0,
    nodeLeaseParallelism: 4,
    podPlayStageParallelism: 16,
    nodePlayStageParallelism: 16,
  }
  return [
    { apiVersion: 'config.kwok.x-k8s.io/v1alpha1', kind: 'KwokConfiguration', metadata: { name: 'kwok' }, options },
    ...[...STAGES, ...(heartbeats ? [HEARTBEAT] : [])].map(stageOf),
  ]
}
