/** Where results are kept: a file a round, written whole or not at all, so that a run that was stopped goes on. */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MEASURES } from '../scenario/scenario.ts'
import type { Machine } from './machine.ts'
import type { RoundResult } from './result.ts'

export type RoundKey = Pick<RoundResult, 'scenario' | 'depth' | 'peer' | 'round'>

const MACHINE = 'machine.json'
const ROUNDS = 'rounds'

export class Store {
  readonly folder: string
  readonly #results = new Map<string, RoundResult>()

  constructor(folder: string) {
    this.folder = folder
    mkdirSync(join(folder, ROUNDS), { recursive: true })
    for (const name of readdirSync(join(folder, ROUNDS)).filter((file) => file.endsWith('.json'))) {
      const result = readResult(join(folder, ROUNDS, name))
      if (result !== null) this.#results.set(keyOf(result), result)
    }
  }

  get results(): readonly RoundResult[] {
    return [...this.#results.values()].sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
  }

  /** Null where it was not measured, failed, or is of another scenario or program. */
  find(key: RoundKey, fingerprint: string): RoundResult | null {
    const found = this.#results.get(keyOf(key))
    return found?.fingerprint === fingerprint && !mayBeTriedAgain(found) ? found : null
  }

  keep(result: RoundResult): void {
    this.#results.set(keyOf(result), result)
    this.#write(join(ROUNDS, `${keyOf(result)}.json`), JSON.stringify(result, null, 1))
  }

  machine(): Machine | null {
    try {
      return JSON.parse(readFileSync(join(this.folder, MACHINE), 'utf8')) as Machine
    } catch {
      return null
    }
  }

  describeMachine(machine: Machine): void {
    this.#write(MACHINE, JSON.stringify(machine, null, 1))
  }

  writeText(name: string, text: string): string {
    this.#write(name, text)
    return join(this.folder, name)
  }

  #write(name: string, text: string): void {
    const path = join(this.folder, name)
    writeFileSync(`${path}.part`, text)
    renameSync(`${path}.part`, path)
  }
}

const mayBeTriedAgain = ({ outcome }: RoundResult): boolean => outcome.kind === 'failed' || outcome.kind === 'skipped'

/** Half of a file that was cut off counts as none. One of before scenarios said what they measure shows all. */
function readResult(path: string): RoundResult | null {
  try {
    const kept = JSON.parse(readFileSync(path, 'utf8')) as Omit<RoundResult, 'measure'> & Partial<RoundResult>
    return { ...kept, measure: kept.measure ?? MEASURES }
  } catch {
    return null
  }
}

/** A name stands before those that begin with it. */
const orderOf = ({ scenario, depth, peer, round }: RoundKey): string => [scenario, depth, peer, round].join('\n')

const keyOf = ({ scenario, depth, peer, round }: RoundKey): string =>
  `${scenario}.${depth}.${peer}.${round}`.replace(/[^A-Za-z0-9.@-]/g, '_')
