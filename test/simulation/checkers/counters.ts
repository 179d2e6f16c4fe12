import type { Pod } from '../../../api/kinds/kubernetes.ts'
import type { World } from '../world.ts'

/** What a person sees of events: at most one a pod and cause, short, and at most 50 a second. */
export function counters({ history }: World): string[] {
  const wrong: string[] = []
  const bySecond = new Map<number, number>()
  const byCause = new Map<string, number>()
  for (const { collection, sender, after, verb, atMs } of history.writes) {
    if (!sender.startsWith('scheduler') || collection.endsWith('/leases') || verb === 'bind' || verb === 'delete')
      continue
    const second = Math.floor(atMs / 1_000)
    bySecond.set(second, (bySecond.get(second) ?? 0) + 1)
    if (!collection.endsWith('/events') || verb !== 'create' || after === null) continue
    const { involvedObject, reason, message } = after as unknown as {
      involvedObject: Pod['metadata']
      reason: string
      message: string
    }
    const cause = `${sender.split('/').slice(0, 2).join('/')} ${involvedObject.uid} ${reason} ${message.split(':')[0]}`
    byCause.set(cause, (byCause.get(cause) ?? 0) + 1)
    if (message.length > 1_024) wrong.push(`an event of ${message.length} characters`)
  }
  for (const [second, count] of bySecond)
    if (count > 110) wrong.push(`${count} status writes and events in second ${second}`)
  for (const [cause, count] of byCause) if (count > 3) wrong.push(`${count} events of one cause: ${cause}`)
  return wrong
}
