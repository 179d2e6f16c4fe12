import { expect, test } from 'vitest'
import { Lanes } from '../../operator/batches.ts'

test('of writes that several send, so many are under way at once, in the order of arrival, whatever fails', async () => {
  const lanes = new Lanes(3)
  const begun: number[] = []
  let underWay = 0
  let most = 0
  const write = async (at: number): Promise<number> => {
    begun.push(at)
    most = Math.max(most, ++underWay)
    await Promise.resolve()
    underWay--
    if (at % 4 === 0) throw new Error('refused')
    return at
  }
  const answers = await Promise.allSettled(Array.from({ length: 20 }, (_, at) => lanes.run(() => write(at))))
  expect(most).toBe(3)
  expect(begun).toEqual(Array.from({ length: 20 }, (_, at) => at))
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(15)
  await expect(lanes.run(() => write(21))).resolves.toBe(21)
})
