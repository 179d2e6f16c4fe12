import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { REASON_CODES } from '../api/reasons.ts'
import type { Outcome } from './binder/outcome.ts'
import type { SchedulerMetrics, Sizes } from './counted.ts'
import type { Verdict } from './planner/request.ts'

const VERDICTS: readonly Verdict['kind'][] = ['plan', 'unplaceable', 'undecided']
const OUTCOMES: readonly Outcome['kind'][] = ['bound', 'unknown', 'changed', 'later', 'forbidden']
/** Seconds: from one small gang to a search to its last step. */
const PLAN_BUCKETS = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3]
/** Seconds: from an idle server to one that gives the request up. */
const BINDING_BUCKETS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]

/** Declared once, on a registry that is handed in; every series is there from the first scrape. */
export function schedulerMetrics(registry: Registry): SchedulerMetrics {
  const registers = [registry]
  const counter = (name: string, help: string): Counter => new Counter({ name, help, registers })
  const common = { registers, labelNames: ['verdict'] as const }
  const plans = new Counter({ ...common, name: 'espalier_plans_total', help: 'Plans asked for, by their verdict' })
  const planSeconds = new Histogram({
    ...common,
    name: 'espalier_plan_duration_seconds',
    help: 'Time to a verdict',
    buckets: PLAN_BUCKETS,
  })
  const bindings = new Counter({
    name: 'espalier_bindings_total',
    help: 'Requests for a binding, by what their answer meant',
    labelNames: ['outcome'] as const,
    registers,
  })
  const bindingSeconds = new Histogram({
    name: 'espalier_binding_duration_seconds',
    help: 'From the request for a binding to its answer, the wait for a turn left out',
    buckets: BINDING_BUCKETS,
    registers,
  })
  const turnSeconds = new Histogram({
    name: 'espalier_turn_duration_seconds',
    help: 'One turn of the loop: what changed is looked at and planned',
    buckets: PLAN_BUCKETS,
    registers,
  })
  const undone = counter('espalier_undone_pods_total', 'Pods deleted to give back the seats of incomplete gangs')
  const refused = counter('espalier_kubelet_refusals_total', 'Pods that a kubelet turned away after their binding')
  const rivals = counter('espalier_two_schedulers_total', 'Pods of ours that somebody else bound')
  const shrunk = counter('espalier_nodes_below_use_total', 'Nodes that became smaller than what is used on them')
  const topology = counter('espalier_topology_errors_total', 'Edits of the topology file that were refused')
  for (const verdict of VERDICTS) plans.inc({ verdict }, 0)
  for (const outcome of OUTCOMES) bindings.inc({ outcome }, 0)
  return {
    planned(verdict, ms) {
      plans.inc({ verdict })
      planSeconds.observe({ verdict }, ms / 1_000)
    },
    answered(outcome, ms) {
      bindings.inc({ outcome })
      bindingSeconds.observe(ms / 1_000)
    },
    turned: (ms) => turnSeconds.observe(ms / 1_000),
    undone: (pods) => undone.inc(pods),
    kubeletRefused: () => refused.inc(),
    rivalSeen: () => rivals.inc(),
    nodeShrank: () => shrunk.inc(),
    topologyRefused: () => topology.inc(),
    watch: gauges(registry),
  }
}

const GAUGES: readonly (readonly [name: string, help: string, of: Exclude<keyof Sizes, 'reasons'>])[] = [
  ['espalier_nodes', 'Nodes that are known', 'nodes'],
  ['espalier_pods', 'Pods that are known, of all schedulers', 'pods'],
  ['espalier_gangs', 'PodGangs, and pods of no gang, with a pod of ours', 'gangs'],
  ['espalier_pending_gangs', 'Of these, the ones with pods to place', 'pendingGangs'],
  ['espalier_assumed_pods', 'Pods bound by us that no event has shown on their node yet', 'assumedPods'],
  ['espalier_bindings_in_flight', 'Bindings that are not settled yet', 'bindingsInFlight'],
]

function gauges(registry: Registry): SchedulerMetrics['watch'] {
  let sizes: Sizes | null = null
  for (const [name, help, of] of GAUGES) {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [registry],
      collect: () => gauge.set(sizes?.[of]() ?? 0),
    })
  }
  const reasons = new Gauge({
    name: 'espalier_waiting',
    help: 'PodGangs, and pods of none, that wait, by the reason that they are told (docs/reasons.md)',
    labelNames: ['reason'] as const,
    registers: [registry],
    collect: () => {
      const counts = sizes?.reasons()
      for (const code of REASON_CODES) reasons.set({ reason: code }, counts?.get(code) ?? 0)
    },
  })
  return (from) => {
    sizes = from
  }
}
