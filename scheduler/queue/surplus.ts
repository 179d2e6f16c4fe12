import type { PodGang } from '../../api/generated/kinds.ts'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import type { KubeClient } from '../../kube/client.ts'
import { type Clock, sleep } from '../../kube/clock.ts'
import { POD_GANGS } from '../../kube/resources.ts'
import { type GangFacts, gangFacts } from '../state/gang-facts.ts'
import { type Entry, unclearedSurplus } from './entry.ts'

export interface SurplusOptions {
  readonly client: KubeClient
  readonly clock: Clock
  /** The gang has not gone, nor another one taken its name. */
  readonly isKnown: (entry: Entry) => boolean
  /** Surplus pods of the gang may be placed now. */
  readonly onCleared: (entry: Entry) => void
}

const RETRY_MS = 1_000
const RETRY_LATER_MS = 10_000
/** A refused read is tried again after twice as long each time. */
const backOffMs = (tries: number): number => Math.min(RETRY_LATER_MS, RETRY_MS * 2 ** (tries - 1))
/** So many tries keep a simulation waiting. */
const WORK_TRIES = 8

/**
 * A PodGang that we know too late makes pods of a new minimum look like surplus. So before surplus pods are placed the
 * PodGang is read once, after they were seen: what raised the minimum was written before they were made.
 */
export class SurplusReader {
  readonly #options: SurplusOptions
  readonly #reading = new Set<Entry>()
  readonly #aborter = new AbortController()

  constructor(options: SurplusOptions) {
    this.#options = options
  }

  stop(): void {
    this.#aborter.abort()
  }

  /** Reads the gang if it has surplus pods that no read has cleared. */
  look(entry: Entry): void {
    const surplus = unclearedSurplus(entry)
    if (surplus.length === 0 || entry.situation.gang.isPlain || this.#reading.has(entry)) return
    this.#reading.add(entry)
    const uids = surplus.map(({ uid }) => uid)
    this.#read(entry, uids).catch(() => this.#reading.delete(entry))
  }

  async #read(entry: Entry, uids: readonly string[]): Promise<void> {
    const { client, clock, isKnown, onCleared } = this.#options
    const { namespace, name, uid } = entry.situation.gang
    const { signal } = this.#aborter
    for (let tries = 1; !signal.aborted && isKnown(entry); tries++) {
      const read = await client.get<KubeObject>(POD_GANGS, { namespace, name })
      if (read.kind === 'ok' && read.value.metadata.uid === uid && isCurrent(entry, read.value as PodGang)) {
        entry.clearedSurplus = new Set([...stillThere(entry), ...uids])
        entry.refusal = null // it was not about these pods: they could not be tried yet
        break
      }
      const isEarly = tries <= WORK_TRIES
      // If it is not the gang that we know, its event is on the way.
      const restMs = read.kind === 'ok' && isEarly ? RETRY_MS : backOffMs(tries)
      const askedMs = read.kind === 'ok' ? 0 : (read.retryAfterMs ?? 0)
      await sleep(clock, Math.max(restMs, askedMs), isEarly ? 'work' : 'background', signal)
    }
    this.#reading.delete(entry)
    if (!signal.aborted) onCleared(entry)
  }
}

const isCurrent = ({ situation }: Entry, read: PodGang): boolean =>
  minimums(gangFacts(read)) === minimums(situation.gang)

const minimums = ({ groups }: GangFacts): string => JSON.stringify(groups.map(({ name, minimum }) => [name, minimum]))

/** Keeps the set as small as the gang. */
function stillThere({ situation, clearedSurplus }: Entry): string[] {
  return situation.groups.flatMap(({ pending }) =>
    pending.map(({ uid }) => uid).filter((uid) => clearedSurplus.has(uid)),
  )
}
