/** SIGKILL in the middle of binding, on a real API server. 200 of them: `npm run bench -- kills --count 200`. */
import { afterAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../../kube/random.ts'
import { killAfterBind, killAtRandom } from './kills/kills.ts'
import { KillWorld } from './kills/world.ts'

const world = await KillWorld.start()
afterAll(() => world?.stop())

const SIZE = 8
const SEED = Number(process.env['SEED'] ?? 1)

describe.skipIf(world === null)('a scheduler that is killed leaves what its successor completes', () => {
  const ks = Array.from({ length: SIZE + 1 }, (_, k) => k)

  test.each(ks)('after the %i. binding of a gang of 8, told or not', async (k) => {
    expect(await killAfterBind(world!, k, SIZE, true)).toBe(k)
    expect(await killAfterBind(world!, k, SIZE, false)).toBe(k)
  })

  test('at any moment while many gangs of 16 are being bound, its answers cut or not', async () => {
    const random = seededRandom(SEED)
    let kills = 0
    // Bindings under way at a kill are still done, so a round may run out of gangs early: then another makes up for it.
    for (let round = 0; round < 8 && kills < 22; round++)
      kills += await killAtRandom(world!, { count: 8, size: 16, kills: Math.min(6, 22 - kills), random })
    expect(kills, `SEED=${SEED}`).toBe(22)
  }, 480_000)
})
