/** One planted defect: a piece of a product file, and what stands there instead. */
export interface Mutant {
  readonly name: string
  /** Of reliability classes, as README.md lists them. */
  readonly classes: readonly string[]
  readonly file: string
  /** Occurs in the file exactly once. */
  readonly find: string
  readonly put: string
}

const m = (name: string, classes: string, file: string, find: string, put: string): Mutant => ({
  name,
  classes: classes.split(' '),
  file,
  find,
  put,
})

/** Caught by the first seeds of every run, or the run proves nothing. */
export const CANARY: Mutant = m(
  'canary: a time-out frees the seat at once',
  'B2',
  'scheduler/binder/outcome.ts',
  "return { kind: 'unknown', readAfterMs: serverDeadlineMs, why }",
  "return { kind: 'changed', why }",
)

export const MUTANTS: readonly Mutant[] = [
  CANARY,
  m(
    'a half bound gang is taken for done',
    'B1 B41',
    'scheduler/gang/situation.ts',
    'const missing = Math.max(0, group.minimum - bound.length)',
    'const missing = bound.length > 0 ? 0 : group.minimum',
  ),
  m(
    'a lost answer is taken for success',
    'B3',
    'scheduler/binder/outcome.ts',
    "return { kind: 'unknown', readAfterMs: serverDeadlineMs, why }",
    "return { kind: 'bound' }",
  ),
  m(
    'an assumed seat runs out',
    'B4',
    'scheduler/binder/bind.ts',
    'for (const order of orders) void this.#carryOut(order)',
    "for (const order of orders) { void this.#carryOut(order); this.#options.clock.after(1_000, 'work', () => this.#options.cluster.release(order.pod.uid)) }",
  ),
  m('a deleted pod leaves a ghost', 'B5', 'scheduler/state/cluster.ts', 'this.#chargeWith(known, null)', ''),
  m(
    'a stale PodGang clears surplus pods',
    'B6',
    'scheduler/queue/surplus.ts',
    'read.value.metadata.uid === uid && isCurrent(entry, read.value as PodGang)',
    'read.value.metadata.uid === uid',
  ),
  m('own bindings are not remembered', 'B7 B27', 'scheduler/state/cluster.ts', 'this.#assumed.set(uid, node)', ''),
  m('what was given back wakes nobody', 'B8', 'scheduler/state/cluster.ts', 'if (hasShrunk) this.growth.add(node)', ''),
  m('a new node wakes nobody', 'B8', 'scheduler/state/cluster.ts', 'this.growth.add(node.name)', ''),
  m(
    'a gang is deleted by its name',
    'B9 B10',
    'scheduler/state/gangs.ts',
    'if (key === undefined || gang === undefined || gang.uid !== uid) return',
    'if (key === undefined || gang === undefined) return',
  ),
  m(
    'an object made again under a name is kept beside the old one',
    'B10',
    'kube/reflector/deltas.ts',
    "return before === undefined ? [] : [{ kind: 'deleted', entry: before, before }]",
    'return []',
  ),
  m(
    'a list takes nothing away',
    'B10 B42',
    'kube/reflector/deltas.ts',
    'const missing = [...known.entries()].filter((entry) => !listing.has(entry.uid)).sort(byName)',
    'const missing: Entry<T>[] = []',
  ),
  m(
    'errors in a watch are not read',
    'B13',
    'kube/reflector/reflector.ts',
    "if (event.type === 'ERROR') {",
    "if (event.type === 'ERROR') return null\n    if ((event.type as string) === 'ERROR') {",
  ),
  m(
    'a silent watch is believed',
    'B14',
    'kube/reflector/reflector.ts',
    'const SILENCE_MAX_MS = 80_000',
    'const SILENCE_MAX_MS = 80_000_000',
  ),
  m(
    'a leader goes on without its lease',
    'B16',
    'kube/leader/leader-client.ts',
    'leadership.isLeader ? send() : Promise.resolve(NOT_LEADING)',
    'send()',
  ),
  m(
    'writes of a leader have no time-out',
    'B16',
    'kube/leader/leader-client.ts',
    'return { ...(options as O), timeoutMs, maySend }',
    'return { ...(options as O), timeoutMs: timeoutMs * 4, maySend }',
  ),
  m(
    'the lease is timed by the wall clock',
    'B19',
    'kube/leader/lease.ts',
    'return this.#leadsUntilMs !== null && this.#options.clock.monotonicMs() < this.#leadsUntilMs',
    'return this.#leadsUntilMs !== null && this.#options.clock.nowMs() - 1_767_225_600_000 < this.#leadsUntilMs',
  ),
  m(
    'rivals are not seen',
    'B21',
    'scheduler/feeds.ts',
    'if (isRivalBind(known, facts, cluster.isOurs(facts), assumed)) onRival(facts)',
    '',
  ),
  m(
    'a refusal of a kubelet is not learnt',
    'B22',
    'scheduler/state/refusals.ts',
    "reason.startsWith('OutOf') || KUBELET_REASONS.includes(reason)",
    "reason === 'OutOfcpu'",
  ),
  m(
    'a terminating pod uses nothing',
    'B23',
    'scheduler/state/cluster.ts',
    'const node = pod.isFinished ? null :',
    'const node = pod.isFinished || pod.isTerminating ? null :',
  ),
  m(
    'a finished pod uses its node',
    'B23',
    'scheduler/state/cluster.ts',
    'const node = pod.isFinished ? null : (this.nodeOf(pod) ?? this.#pinned(pod))',
    'const node = this.nodeOf(pod) ?? this.#pinned(pod)',
  ),
  m(
    'the first domain is the only one',
    'B26',
    'scheduler/planner/search.ts',
    "    if (outcome !== 'unplaceable') return outcome\n    tried.add(likeness === '' ?",
    "    return outcome\n    tried.add(likeness === '' ?",
  ),
  m(
    'a label that changed is not compiled',
    'B28',
    'topology/compiled/live.ts',
    'if (isMoved) this.#changed.add(name)',
    'if (before === null || after === null) this.#changed.add(name)',
  ),
  m(
    'order depends on chance',
    'B30',
    'scheduler/queue/order.ts',
    'b.priority - a.priority ||',
    'Math.random() - 0.5 ||',
  ),
  m(
    'an undo deletes whatever the pod is by now',
    'B34',
    'scheduler/binder/undo.ts',
    '{ uid: metadata.uid, resourceVersion: metadata.resourceVersion },',
    '{},',
  ),
  m(
    'a Ready pod is given back',
    'B34',
    'scheduler/binder/undo.ts',
    'isConfirmed && !pod.isReady && isFirstAttempt',
    'isConfirmed && isFirstAttempt',
  ),
  m('a status is written though it says the same', 'B35', 'scheduler/status/gang.ts', 'if (isSame) return null', ''),
  m(
    'what is turned away is sent again at once',
    'B36',
    'kube/writer.ts',
    'await sleep(this.#clock, this.#retryMs(tries, answer.retryAfterMs),',
    'await sleep(this.#clock, 1,',
  ),
  m(
    'an event for every word that changed',
    'B37',
    'scheduler/status/writer.ts',
    "answer.kind === 'ok' && want.reason === 'Unschedulable' && isNewCause",
    "answer.kind === 'ok'",
  ),
  m(
    'a gang that ended keeps its entry',
    'B40',
    'scheduler/queue/book.ts',
    'this.#entries.delete(key)\n    this.#options.onEnd(key)',
    '',
  ),
  m(
    'a pod that went stays suspended',
    'B40',
    'scheduler/scheduler.ts',
    'onPodGone: (uid) => suspended.forget(uid),',
    'onPodGone: () => {},',
  ),
  m(
    'a status is written from the plan',
    'B52',
    'scheduler/status/gang.ts',
    'const isPlaced = isMinimumConfirmed(situation)',
    'const isPlaced = situation.missing === 0',
  ),
  m(
    'gates are not looked at',
    'B9',
    'scheduler/gang/situation.ts',
    'const isGated = pod.gates.length > 0',
    'const isGated = false',
  ),
  m(
    'a cordoned node is taken',
    'B11',
    'scheduler/binder/bind.ts',
    'if (facts === undefined || firstFailing(now.demand, facts) >= 0) return false',
    '',
  ),
]
