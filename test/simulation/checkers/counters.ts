import type { Condition, KubeObject, Pod } from '../../../api/kinds/kubernetes.ts'
import type { World } from '../world.ts'

/** What a person sees of events: few a pod, cause and term of a leader (who remembers none of before), short, as the words of conditions are, at most 50 a second. */
export function counters({ history, observer }: World): string[] {
  const wrong: string[] = []
  const bySecond = new Map<number, number>()
  const byCause = new Map<string, number>()
  for (const { collection, sender, after, verb, atMs } of history.writes) {
    if (!sender.startsWith('scheduler') || collection.endsWith('/leases') || verb === 'bind' || verb === 'delete')
      continue
    const second = Math.floor(atMs / 1_000)
    bySecond.set(second, (bySecond.get(second) ?? 0) + 1)
    const longest = Math.max(0, ...(conditionsOf(after) ?? []).map((condition) => condition.message?.length ?? 0))
    if (longest > 1_024) wrong.push(`${collection} ${after?.metadata.name} has a condition of ${longest} characters`)
    if (!collection.endsWith('/events') || verb !== 'create' || after === null) continue
    const { involvedObject, reason, message } = after as unknown as {
      involvedObject: Pod['metadata']
      reason: string
      message: string
    }
    const id = sender.split('/').slice(0, 2).join('/')
    const elected = observer.lives.find((life) => life.id === id)?.electedMs ?? []
    const term = elected.filter((ms) => ms <= atMs).length
    const cause = `${id} term ${term} ${involvedObject.uid} ${reason} ${message.split(':')[0]}`
    byCause.set(cause, (byCause.get(cause) ?? 0) + 1)
    if (message.length > 1_024) wrong.push(`an event of ${message.length} characters`)
  }
  for (const [second, count] of bySecond)
    if (count > 110) wrong.push(`${count} status writes and events in second ${second}`)
  for (const [cause, count] of byCause) if (count > 3) wrong.push(`${count} events of one cause: ${cause}`)
  return wrong
}

const conditionsOf = (object: KubeObject | null): readonly Condition[] | undefined =>
  (object?.['status'] as { readonly conditions?: readonly Condition[] } | undefined)?.conditions
