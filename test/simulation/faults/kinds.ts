/**
 * Every kind of fault, with what its rate is a rate of: `request`, a share of a scheduler's requests that it could
 * strike; `line`, a share of the lines of its watches; `minute`, how often it happens in a virtual minute.
 */
const WIRE = [
  'conflict',
  'throttled',
  'error-before-write',
  'error-after-write',
  'reply-lost',
  'reply-late',
  'request-lost',
  'request-late',
  'cut-in-flight',
  'list-expired',
  'bind-over-quota',
  'refused-at-length',
] as const
const WATCH = [
  'watch-dropped',
  'line-delayed',
  'line-doubled',
  'watch-silent',
  'line-cut',
  'watch-expired',
  'line-malformed',
] as const
/** Two things at once, each of them harmless: `ambushes.ts`. */
const AMBUSH = [
  'unheard',
  'list-older',
  'woken-late',
  'cordoned-in-wait',
  'bind-heard-late',
  'minimum-raised-unheard',
  'gang-barred',
  'topology-broken',
] as const

const MOMENT = [
  'rbac-revoked',
  'no-sockets',
  'kind-frozen',
  'events-hidden',
  'killed',
  'killed-at-write',
  'terminated',
  'paused-past-lease',
  'loop-blocked',
  'second-replica',
  'clock-forward',
  'clock-back',
  'timers-late',
  'node-dead',
  'node-deleted',
  'node-smaller',
  'node-flapped',
  'node-relabelled',
  'node-tainted',
  'node-cordoned',
  'node-shrinks',
  'kubelet-refuses',
  'never-ready',
  'foreign-bind',
  'created-with-node',
  'pod-deleted',
  'pod-deleted-in-bind',
  'pod-force-deleted',
  'pod-failed',
  'gate-of-another',
  'gang-edited',
  'gang-deleted',
  'gang-recreated',
  'attempt-forged',
  'quota-full',
] as const

/** What happens to objects of the operator: drawn where there is one. */
const SET = ['clique-deleted', 'label-stomped'] as const

export type WireFault = (typeof WIRE)[number]
export type WatchFault = (typeof WATCH)[number]
export type AmbushFault = (typeof AMBUSH)[number]
export type MomentFault = (typeof MOMENT)[number] | AmbushFault | (typeof SET)[number]
export type FaultKind = WireFault | WatchFault | MomentFault

export interface FaultForm {
  readonly kind: FaultKind
  readonly per: 'request' | 'line' | 'minute'
  /** The lowest and the highest rate that is drawn. */
  readonly rates: readonly [number, number]
}

const form =
  (per: FaultForm['per'], rates: readonly [number, number]) =>
  (kind: FaultKind): FaultForm => ({ kind, per, rates })

export const FAULT_KINDS: readonly FaultForm[] = [
  ...WIRE.map(form('request', [0.01, 0.12])),
  ...WATCH.map(form('line', [0.003, 0.04])),
  ...MOMENT.map(form('minute', [1, 8])),
  ...AMBUSH.map(form('minute', [1, 8])),
]

export const SET_KINDS: readonly FaultForm[] = SET.map(form('minute', [1, 8]))
export const ALL_KINDS: readonly FaultForm[] = [...FAULT_KINDS, ...SET_KINDS]

const LATER: readonly FaultKind[] = ['bind-over-quota', 'refused-at-length', 'quota-full', ...AMBUSH]

/** Without what came later: seeds that found something before are drawn from these. */
export const FORMER_KINDS: readonly FaultForm[] = FAULT_KINDS.filter(({ kind }) => !LATER.includes(kind))

export const formOf = (kind: FaultKind): FaultForm => {
  const found = ALL_KINDS.find((each) => each.kind === kind)
  if (found === undefined) throw new Error(`no fault ${kind}`)
  return found
}

export const isWire = (kind: FaultKind): kind is WireFault => (WIRE as readonly string[]).includes(kind)
export const isWatch = (kind: FaultKind): kind is WatchFault => (WATCH as readonly string[]).includes(kind)
export const isMoment = (kind: FaultKind): kind is MomentFault =>
  ([...MOMENT, ...AMBUSH, ...SET] as readonly string[]).includes(kind)
