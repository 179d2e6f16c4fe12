/**
 * Why something is not placed, once for status, events, command line, HTTP and docs: a code for machines, a sentence
 * for people, and for the queue what may change the answer. docs/reasons.md is printed from this table.
 */

/** What makes it worth trying again. `never`: the reason explains a state that trying again does not change. */
export type WakesOn = 'growth' | 'topology' | 'edit' | 'pods' | 'answer' | 'time' | 'never'

export const REASONS = {
  DomainTooSmall: {
    sentence: '{scope}: no {level} fits {pods} pods; the best, {domain}, fits {fits}{short}',
    wakesOn: 'growth',
  },
  InsufficientResources: {
    sentence: '{fits} of {pods} pods fit; {resource} is short by {shortBy}{closed}',
    wakesOn: 'growth',
  },
  NoFeasibleNode: { sentence: 'no node passes for {pods} pods: {excluded}', wakesOn: 'growth' },
  SpreadUnsatisfiable: { sentence: '{scope}: no {level} is left that keeps the replicas apart', wakesOn: 'growth' },
  PinnedDomainFull: {
    sentence: '{scope}: belongs in {domain}, which has no room for it{short}',
    wakesOn: 'growth',
  },
  SearchBudgetExhausted: {
    sentence: 'not decided: {steps} steps of search found no placement and no proof that there is none',
    wakesOn: 'growth',
  },
  NoDomain: { sentence: '{scope}: no node carries the label {key}, so there is no {level}', wakesOn: 'topology' },
  PlanningFailed: { sentence: 'planning broke off, which is a defect of Espalier: {error}', wakesOn: 'growth' },
  UnsupportedPredicate: { sentence: '{path} is not evaluated yet, so the pod is not bound', wakesOn: 'edit' },
  InvalidConstraint: { sentence: '{problem}', wakesOn: 'edit' },
  NegativeMinimum: {
    sentence: 'pod group {group}: minReplicas is {minimum}; 0 is a group without a minimum, less means nothing',
    wakesOn: 'edit',
  },
  UnknownPodGroup: {
    sentence: 'constraint group {constraintGroup} names the pod group {group}, which the PodGang does not have',
    wakesOn: 'edit',
  },
  RequiredTooBroad: {
    sentence: '{scope} requires one {level}, which is broader than the {around} that {parent} around it requires',
    wakesOn: 'topology',
  },
  WaitingForPods: {
    sentence: 'waiting for pods: {group} has {present} of the {minimum} that it needs',
    wakesOn: 'pods',
  },
  WaitingForGates: {
    sentence: 'waiting for scheduling gates: {group} has {ungated} pods without a gate and needs {minimum}',
    wakesOn: 'pods',
  },
  PodGated: { sentence: 'the pod has the scheduling gate {gate}', wakesOn: 'pods' },
  GatheringPods: {
    sentence: 'the gang is planned in {ms} ms, unless further gates are lifted before',
    wakesOn: 'time',
  },
  WaitingForSeat: { sentence: '{node} is being vacated for the pod by the one that it replaces', wakesOn: 'pods' },
  PodGangMissing: { sentence: 'the PodGang {podGang} does not exist', wakesOn: 'pods' },
  PodGangDeleted: { sentence: 'the PodGang is being deleted', wakesOn: 'edit' },
  NotAMember: {
    sentence: 'the pod says that it is in group {group} of PodGang {podGang}, which does not name it',
    wakesOn: 'pods',
  },
  Queued: { sentence: 'waits for its turn to be planned', wakesOn: 'time' },
  Binding: { sentence: 'is being bound to {node}', wakesOn: 'answer' },
  MinimumFirst: { sentence: 'surplus pod: the minimum of the gang comes first', wakesOn: 'answer' },
  BindRefused: { sentence: 'the API server refused the binding: {answer}', wakesOn: 'time' },
  GivenBack: {
    sentence:
      'its seats were given back {times} times because its minimum could not be completed; tried again {s} s later',
    wakesOn: 'time',
  },
  TopologyUnknown: { sentence: 'there is no topology {topology}', wakesOn: 'topology' },
  ForeignPodReference: {
    sentence: 'the PodGang names {reference}, which is in another namespace',
    wakesOn: 'edit',
  },
  ForeignGangReference: { sentence: 'sameDomainAs names {reference}, which is in another namespace', wakesOn: 'edit' },
  TwoSchedulers: {
    sentence: 'another scheduler binds pods of {schedulerName} in this namespace; nothing is bound here for now',
    wakesOn: 'time',
  },
  PartiallyPlaced: {
    sentence: '{bound} of {minimum} pods are bound and the rest cannot be: {why}',
    wakesOn: 'growth',
  },
  PodsLost: {
    sentence: '{bound} of {minimum} pods are bound: pods were lost after the gang was whole',
    wakesOn: 'pods',
  },
  NodeUnschedulable: { sentence: 'the node is cordoned', wakesOn: 'growth' },
  TaintNotTolerated: { sentence: 'the node has a taint that the pod does not tolerate', wakesOn: 'growth' },
  NodeSelectorMismatch: { sentence: 'the node lacks a label of the node selector', wakesOn: 'growth' },
  NodeAffinityMismatch: { sentence: 'the node does not match the required node affinity', wakesOn: 'growth' },
  NodeNameMismatch: { sentence: 'the pod may run on one node only, and this is another', wakesOn: 'growth' },
  ResourceMissing: { sentence: 'no node has a resource that the pod asks for', wakesOn: 'growth' },
  HostPortTaken: { sentence: 'a host port is taken', wakesOn: 'growth' },
  AntiAffinityOfRunningPod: {
    sentence: 'a running pod keeps pods like this out of its domain',
    wakesOn: 'growth',
  },
  NodeNotFeasible: { sentence: 'the node does not pass', wakesOn: 'growth' },
  KubeletRefused: { sentence: 'the kubelet refused a pod like this a moment ago', wakesOn: 'time' },
} as const

/** A code moves here when nothing gives it any more, and is never used again. */
export const RETIRED_REASONS: readonly string[] = []

type Wakers = (typeof REASONS)[keyof typeof REASONS]['wakesOn']
/** Does not compile when a row names a waker that is not in WakesOn. */
export const wakesOn = (code: ReasonCode): Wakers & WakesOn => REASONS[code].wakesOn

type Holes<S> = S extends `${string}{${infer Hole}}${infer Rest}` ? Hole | Holes<Rest> : never
export type ReasonCode = keyof typeof REASONS
export const REASON_CODES: readonly ReasonCode[] = Object.keys(REASONS) as ReasonCode[]
/** What the sentence of a code needs: a fact that the caller forgot is a type error. */
export type Facts<C extends ReasonCode> = Readonly<Record<Holes<(typeof REASONS)[C]['sentence']>, string | number>>

const fill = (text: string, facts: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)\}/g, (_, hole: string) => String(facts[hole] ?? '?'))

export const sentence = <C extends ReasonCode>(code: C, facts: Facts<C>): string =>
  fill(REASONS[code].sentence, facts as Readonly<Record<string, string | number>>)

/** One reason with its facts filled in: what status, events and reports carry. */
export interface Reason {
  readonly code: ReasonCode
  readonly message: string
}

export const reason = <C extends ReasonCode>(code: C, facts: Facts<C>): Reason => ({
  code,
  message: sentence(code, facts),
})

export const isReasonCode = (code: string): code is ReasonCode => Object.hasOwn(REASONS, code)

/**
 * The reason of a part that names its code as text (the planner). A code that is not in the table is a defect of that
 * part: it is said as such rather than thrown, because a pod must never be without a reason.
 */
export function reasonOf(code: string, facts: Readonly<Record<string, string | number>>): Reason {
  if (isReasonCode(code)) return { code, message: fill(REASONS[code].sentence, facts) }
  return { code: 'NodeNotFeasible', message: `${code}: ${JSON.stringify(facts)}` }
}

/** docs/reasons.md, whole. */
export function reasonsPage(): string {
  const rows = Object.entries(REASONS).map(([code, row]) => `| \`${code}\` | ${row.sentence} | ${row.wakesOn} |`)
  return [
    '# Reasons',
    '',
    'Printed from `api/reasons.ts`. A code stands for one reason wherever it is shown, and is never used for another.',
    'The last column says what makes Espalier try again by itself; everything is also tried again every 60 s.',
    '',
    '| code | message | tried again on |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}
