import { NO_ROOM, type Room, together } from './room.ts'

/** A domain as it is drawn, with those in it. */
export interface Branch {
  readonly level: string
  readonly title: string
  /** What is said of it beside others that are alike. */
  readonly name: string
  readonly room: Room
  readonly inner: readonly Branch[]
  /** Of a cluster-wide domain: the domains of the tree in which its nodes lie. */
  readonly places: readonly { readonly level: string; readonly path: string }[]
  readonly isCluster: boolean
  /** How many domains the branch stands for; its room is that of one. */
  readonly alike: number
}

/** Fewer domains that are alike are drawn one by one. */
const ALIKE_MIN = 3
/** Lines in one domain (and of one cluster-wide level) after that; the rest is summed up. */
const BRANCHES_MAX = 12
const NAMES_SHOWN = 3

/**
 * Domains side by side that look alike (as many nodes, GPUs and free GPUs, and the same inside) share a branch, which
 * shows what is inside the first of them; of what is still too many the rest is summed up. O(domains log domains).
 */
export function folded(branches: readonly Branch[]): readonly Branch[] {
  const inner = branches.map((branch) => ({ ...branch, inner: folded(branch.inner) }))
  const byShape = new Map<string, Branch[]>()
  for (const branch of inner) {
    const alike = byShape.get(shapeOf(branch))
    if (alike) alike.push(branch)
    else byShape.set(shapeOf(branch), [branch])
  }
  const joined = inner.flatMap((branch) => {
    const alike = byShape.get(shapeOf(branch)) as readonly Branch[]
    if (alike.length < ALIKE_MIN) return branch
    return branch === alike[0] ? joinedOf(alike) : []
  })
  const levels = [...new Set(joined.map(levelOf))]
  return levels.flatMap((level) => cut(joined.filter((branch) => levelOf(branch) === level)))
}

const levelOf = ({ level, isCluster }: Branch): string => `${level}/${isCluster}`

function shapeOf({ level, isCluster, room, inner, places, alike }: Branch): string {
  const own = [level, isCluster, room.nodes, room.capacity, room.free, places.length, alike].join(' ')
  return `${own}(${inner.map(shapeOf).join(',')})`
}

function joinedOf(alike: readonly Branch[]): Branch {
  const [first] = alike as readonly [Branch]
  const names = alike.slice(0, NAMES_SHOWN).map(({ name }) => name)
  const last = alike.length > NAMES_SHOWN ? ` … ${alike.at(-1)!.name}` : ''
  const title = `${first.level} ${names.join(' ')}${last} (${alike.length} alike)`
  return { ...first, title, alike: alike.length }
}

/** The first so many, and one branch for the rest. */
function cut(branches: readonly Branch[]): readonly Branch[] {
  if (branches.length <= BRANCHES_MAX) return branches
  const rest = branches.slice(BRANCHES_MAX - 1)
  const count = rest.reduce((sum, { alike }) => sum + alike, 0)
  const room = rest.map((branch) => times(branch.room, branch.alike)).reduce(together, NO_ROOM)
  const title = `… ${count} more of ${rest[0]!.level}, together`
  return [
    ...branches.slice(0, BRANCHES_MAX - 1),
    { ...rest[0]!, title, name: title, room, inner: [], places: [], alike: 1 },
  ]
}

const times = ({ nodes, capacity, free }: Room, count: number): Room => ({
  nodes: nodes * count,
  capacity: capacity * count,
  free: free * count,
})
