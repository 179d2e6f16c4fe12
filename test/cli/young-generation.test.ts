import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const MODULE = join(import.meta.dirname, '../../cli/young-generation.ts')

/** Fills the young generation with much that lives for a while; prints the most that it took, in MB. */
const program = (first: string): string => `
import { getHeapSpaceStatistics } from 'node:v8'
${first}
const kept = []
let most = 0
for (let turn = 0; turn < 200; turn++) {
  for (let i = 0; i < 10_000; i++) kept[(i * 7 + turn * 31) % 30_000] = { i, more: [i, turn], text: 'x' + i + turn }
  most = Math.max(most, getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size)
  await new Promise((resolve) => setImmediate(resolve))
}
console.log(most / 2 ** 20)`

function mostMegabytes(first: string): number {
  const args = ['--input-type=module', '--eval', program(first)]
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect(stderr).toBe('')
  return Number(stdout)
}

test('the young generation stays smaller than V8 would let it grow', () => {
  const limited = mostMegabytes(
    `import { limitYoungGeneration } from ${JSON.stringify(MODULE)}; limitYoungGeneration()`,
  )
  expect(limited).toBeGreaterThan(4)
  // 64 MB without the limit; a busy machine may stop short of that by itself, so the two are not compared.
  expect(limited).toBeLessThanOrEqual(48)
})
