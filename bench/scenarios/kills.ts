import { strict as assert } from 'node:assert'
import { seededRandom } from '../../kube/random.ts'
import { killAfterBind, killAtRandom } from '../../test/controlplane/kills/kills.ts'
import { KillWorld } from '../../test/controlplane/kills/world.ts'
import type { Line, RunOptions } from '../harness.ts'

/** Gangs of 8, killed after each of their bindings; then 50 gangs of 16, killed ten times at random while being bound. */
const SIZE = 8
const BATCH = { count: 50, size: 16, kills: 10 } as const
const COUNT = 200

/** Throws at the first state that is not at rest, bound twice, lost or over-committed. */
export async function* run(seed: number, { count }: RunOptions): AsyncGenerator<Line> {
  const world = await KillWorld.start()
  if (world === null) return
  const random = seededRandom(seed)
  const total = Number(count ?? COUNT)
  const startMs = performance.now()
  let [afterBind, atRandom] = [0, 0]
  try {
    for (let k = 0; k <= SIZE && afterBind < total; k++) {
      for (const isTold of [true, false]) {
        assert.equal(await killAfterBind(world, k, SIZE, isTold), k)
        afterBind++
      }
    }
    while (afterBind + atRandom < total) {
      const kills = Math.min(BATCH.kills, total - afterBind - atRandom)
      atRandom += await killAtRandom(world, { ...BATCH, kills, random })
    }
    const facts = { kills: afterBind + atRandom, afterBind, atRandom, boundTwice: 0, lost: 0 }
    yield { scenario: 'kills', ms: performance.now() - startMs, ok: true, seed, facts }
  } finally {
    await world.stop()
  }
}
