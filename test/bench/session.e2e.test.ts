import { strict as assert } from 'node:assert'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Io } from '../../cli/command.ts'
import { type Contestant, contestantOf } from '../../bench/runs/contestant.ts'
import { runSession } from '../../bench/runs/session.ts'
import { Store } from '../../bench/runs/store.ts'
import { summarise } from '../../bench/runs/summary.ts'
import { PEERS } from '../../bench/peers/peers.ts'
import { named, shippedScenarios } from '../../bench/scenario/catalogue.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-session-test-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const ours = contestantOf(PEERS[0]!)

/** It takes the API server down where a scheduler would start. */
const vandal: Contestant = {
  ...ours,
  name: 'vandal',
  isOurs: false,
  start(server) {
    const { apiServer } = server.pids()
    assert.ok(apiServer !== null && apiServer !== undefined) // 0 would be our own process group
    process.kill(apiServer, 'SIGKILL')
    return Promise.resolve({ pid: null, said: () => '', stop: () => Promise.resolve() })
  },
}

function watched(): Io & { readonly said: string[] } {
  const said: string[] = []
  return {
    said,
    out: (text) => said.push(text),
    err: (text) => said.push(text),
    isTerminal: false,
    columns: 100,
    rows: 40,
    env: {},
    cwd: folder,
    stop: new AbortController().signal,
  }
}

test('a server that dies in a round fails that round alone: the others are measured on a new one', async () => {
  const scenario = { ...named(shippedScenarios(), ['smoke-gangs'])[0]!, rounds: 3 }
  const heats = [{ scenario, depth: 'embedded' as const, contestants: [vandal, ours] }]
  const store = new Store(folder)
  const io = watched()
  await runSession({ heats, store, cluster: null, io })

  const kinds = (peer: string): string[] =>
    store.results.filter((result) => result.peer === peer).map(({ outcome }) => outcome.kind)
  expect(kinds('espalier'), io.said.join('\n')).toEqual(['measured', 'measured', 'measured'])
  expect(kinds('vandal')).toEqual(['failed', 'failed', 'skipped'])
  const told = summarise(store.results).find(({ peer }) => peer === 'vandal')
  expect(told).toMatchObject({ rounds: 0, figures: null })
  expect(told!.failure).toMatch(/^the round broke: ./)

  const second = watched()
  await runSession({ heats, store: new Store(folder), cluster: null, io: second })
  expect(second.said).toContain('smoke-gangs (embedded) round 1 of 3, vandal …')
  expect(second.said.filter((line) => line.includes(', espalier …'))).toEqual([])
  expect(readdirSync(join(folder, 'rounds'))).toHaveLength(6)
}, 110_000)
