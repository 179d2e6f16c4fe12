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
    for (let round = 0; round < 4; round++)
      kills += await killAtRandom(world!, { count: 8, size: 16, kills: 6, random })
    expect(kills, `SEED=${SEED}`).toBeGreaterThanOrEqual(22)
  }, 480_000)
})
