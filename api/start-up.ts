import type { Pod } from './kinds/kubernetes.ts'
import { POD_CLIQUE } from './names.ts'

/**
 * The start-up rule: pods start once every PodClique that they wait for has its minimum of Ready pods, all at the
 * same time. Pods are counted by their label, so `p-0-a` does not count the pods of `p-0-a-x`.
 */

export interface Dependency {
  /** Name of a PodClique. */
  readonly podClique: string
  readonly minAvailable: number
}

export interface WaiterArgs {
  readonly dependencies: readonly Dependency[]
  /** A sentence for each argument that is not understood. */
  readonly errors: readonly string[]
}

const FLAG = '--podcliques'
const VALUE = /^([^:,\s]+):(\d{1,9})$/

const WANT = `want ${FLAG}=<PodClique>:<minAvailable>`

/** The arguments of the waiter: `--podcliques=p-0-a:2`, one or more, also with a space or several behind commas. */
export function parseWaiterArgs(args: readonly string[]): WaiterArgs {
  const dependencies: Dependency[] = []
  const errors: string[] = []
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? ''
    if (arg !== FLAG && !arg.startsWith(`${FLAG}=`)) {
      errors.push(`unknown argument ${JSON.stringify(arg)}, ${WANT}`)
      continue
    }
    const value = arg === FLAG ? (args[++i] ?? '') : arg.slice(FLAG.length + 1)
    for (const part of value.split(',')) {
      const match = VALUE.exec(part)
      if (match === null) errors.push(`${FLAG}: found ${JSON.stringify(part)}, ${WANT}`)
      else dependencies.push({ podClique: match[1] ?? '', minAvailable: Number(match[2]) })
    }
  }
  return { dependencies, errors }
}

/** The arguments that say so, one a dependency. */
export const waiterArgs = (dependencies: readonly Dependency[]): string[] =>
  dependencies.map(({ podClique, minAvailable }) => `${FLAG}=${podClique}:${minAvailable}`)

const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status?.conditions ?? []).some(({ type, status: value }) => type === 'Ready' && value === 'True')

export interface Awaited extends Dependency {
  readonly ready: number
}

/** What is still missing, in the order of the dependencies. `pods` are those of one gang in one namespace. */
export function awaited(dependencies: readonly Dependency[], pods: Iterable<Pod>): readonly Awaited[] {
  const ready = new Map<string, number>()
  for (const pod of pods) {
    const clique = pod.metadata.labels?.[POD_CLIQUE]
    if (clique !== undefined && isReady(pod)) ready.set(clique, (ready.get(clique) ?? 0) + 1)
  }
  return dependencies
    .map((dependency) => ({ ...dependency, ready: ready.get(dependency.podClique) ?? 0 }))
    .filter((dependency) => dependency.ready < dependency.minAvailable)
}

export const isStartUpMet = (dependencies: readonly Dependency[], pods: Iterable<Pod>): boolean =>
  awaited(dependencies, pods).length === 0
