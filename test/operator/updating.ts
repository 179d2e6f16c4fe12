import type { PodCliqueSet } from '../../api/generated/kinds.ts'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { seededRandom } from '../../kube/random.ts'
import { reflector } from '../../kube/reflector/reflector.ts'
import { POD_CLIQUE_SETS, PODS } from '../../kube/resources.ts'
import { type Harness, isReady } from './harness.ts'

/** Gives cliques of a set, by name, another image. */
export async function changed(at: Harness, set: string, images: Readonly<Record<string, string>>): Promise<void> {
  const { spec } = await at.get<PodCliqueSet>(POD_CLIQUE_SETS, set)
  const cliques = spec.template.cliques.map((clique) => {
    const image = images[clique.name]
    if (image === undefined) return clique
    const [main, ...rest] = clique.spec.podSpec.containers
    return {
      ...clique,
      spec: { ...clique.spec, podSpec: { ...clique.spec.podSpec, containers: [{ ...main, image }, ...rest] } },
    }
  })
  await at.patch(POD_CLIQUE_SETS, set, { spec: { template: { cliques } } })
}

export const imageOf = ({ spec }: Pod): string => spec.containers[0]?.image ?? ''

export const imagesOf = (pods: readonly Pod[], clique: string): string[] =>
  pods.filter(({ metadata }) => metadata.labels?.['grove.io/podclique']?.endsWith(clique)).map(imageOf)

export interface SeenPods {
  /** The most pods, of those that were Ready once and whose names begin so, that were away at one time. */
  mostAway(prefix: string): number
  /** Names of pods in the order in which they were told to go. */
  orderOfLeaving(): string[]
  stop(): Promise<void>
}

/** Everything that happens to pods from now on, as a watcher sees it. */
export function watchPods(at: Harness): SeenPods {
  const leaving: string[] = []
  const ready = new Map<string, boolean>()
  const away = new Map<string, number>()
  const hostOf = ({ spec }: Pod): string => spec.hostname ?? ''
  const feed = reflector<Pod>({
    client: at.client,
    clock: at.clock,
    random: seededRandom(3),
    type: PODS,
    onDelta: ({ kind, object: pod }) => {
      const isGoing = kind === 'deleted' || pod.metadata.deletionTimestamp !== undefined
      const { name } = pod.metadata
      if (isGoing && !leaving.includes(name)) leaving.push(name)
      if (!isGoing && isReady(pod)) ready.set(hostOf(pod), true)
      else if (ready.has(hostOf(pod)) && leaving.includes(name) && !isServed(pod)) ready.set(hostOf(pod), false)
      served.set(hostOf(pod), !isGoing && isReady(pod) ? name : (served.get(hostOf(pod)) ?? name))
      count()
    },
  })
  const served = new Map<string, string>()
  /** Another pod of the same hostname serves already. */
  const isServed = (pod: Pod): boolean => (served.get(hostOf(pod)) ?? pod.metadata.name) !== pod.metadata.name
  const count = (): void => {
    const prefixes = new Set([...ready.keys()].flatMap((host) => prefixesOf(host)))
    for (const prefix of prefixes) {
      const now = [...ready].filter(([host, is]) => !is && host.startsWith(prefix)).length
      away.set(prefix, Math.max(now, away.get(prefix) ?? 0))
    }
  }
  feed.start()
  return {
    mostAway: (prefix) => away.get(prefix) ?? 0,
    orderOfLeaving: () => [...leaving],
    stop: () => feed.stop(),
  }
}

/** `a-b-c` → `a`, `a-b`, `a-b-c`. */
const prefixesOf = (host: string): string[] => host.split('-').map((_, at, parts) => parts.slice(0, at + 1).join('-'))
