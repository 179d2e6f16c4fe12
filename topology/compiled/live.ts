import { byName, labelOf, type LabelledNode, type TopologyDeclaration } from '../declaration.ts'
import { pathsOf } from '../patterns.ts'
import { levelsCarried, WELL_KNOWN_KEYS, type WellKnownLevel } from '../well-known.ts'
import { compileLevels } from './compile.ts'
import type { CompiledLevel, CompiledTopology, TopologyIndex } from './index-types.ts'
import { firstWhere, LevelPatch } from './patch.ts'
import { declaredOr, inOrder, ownLevel, topologyFor } from './topology-index.ts'

/** The nodes as they are now. */
export interface NodeSource {
  get(name: string): LabelledNode | undefined
  facts(): Iterable<LabelledNode>
}

/**
 * More changed nodes than this since the last read are built anew: a patch costs a few passes over integers, a build
 * looks at every label (`npm run bench -- planner --only nodes-100000-index`: 200 to 800 patches to a build).
 */
const PATCHES_MAX = 128

/** Keys that gangs name and no topology lists; a tenant must not be able to make us keep any number of them. */
const OWN_LEVELS_MAX = 64

/** One topology whose levels are patched. */
interface Patched {
  readonly declaration: TopologyDeclaration
  readonly levels: readonly LevelPatch[]
  compiled: CompiledTopology
}

/**
 * The topology index over nodes that come, go and change. It is built once and then brought forward node by node, to
 * what a fresh build would give (a property test holds the two equal): a cordon or a label that is no level costs
 * nothing, a node that moves between domains what LevelPatch says, one that comes or goes O(nodes × levels) in passes
 * over integers. It is built anew when the declarations change, when a well-known label is seen for the first or the
 * last time where nobody declared anything, and when more than PATCHES_MAX nodes changed at once.
 *
 * An index that was read is true until the next change of a node: for the turn in hand only.
 */
export class LiveTopology {
  readonly #nodes: NodeSource
  #declared: readonly TopologyDeclaration[] = []
  /** Per well-known key how many nodes carry it. */
  readonly #carriers = new Map<string, number>()
  readonly #changed = new Set<string>()
  #nodeNames: string[] = []
  #topologies: Patched[] = []
  /** By label key. */
  readonly #own = new Map<string, LevelPatch>()
  /** Keys of labels whose change is a change of places. */
  #keys: ReadonlySet<string> = new Set()
  #index: TopologyIndex | null = null
  /** Counts builds begun and declarations set: of a build in steps, whether it is still the one that is wanted. */
  #builds = 0

  constructor(nodes: NodeSource) {
    this.#nodes = nodes
  }

  setDeclarations(declared: readonly TopologyDeclaration[]): void {
    this.#declared = declared
    this.#index = null
    this.#builds++
  }

  /** A node came (from null), went (to null) or changed; it is in the source as it is now. True where a place changed. */
  note(before: LabelledNode | null, after: LabelledNode | null): boolean {
    const name = (after ?? before)?.name
    if (name === undefined) return false
    for (const key of WELL_KNOWN_KEYS) this.#count(key, before, after)
    const isMoved = before === null || after === null || this.#isMoved(before, after)
    if (isMoved) this.#changed.add(name)
    return isMoved
  }

  /**
   * What the first read would build in one go, a level a step. What changes between two steps is seen by the read that
   * comes after it; a read between two steps builds for itself, and the rest is dropped.
   */
  *prepare(): Generator<undefined, void> {
    if (this.#index === null) yield* this.#steps()
  }

  /** O(1) when nothing changed. */
  read(): TopologyIndex {
    if (this.#index === null || this.#changed.size > PATCHES_MAX || !this.#hasSameLevels()) return this.#build()
    if (this.#changed.size === 0) return this.#index
    for (const name of this.#changed) this.#patch(name)
    this.#changed.clear()
    return this.#read()
  }

  #count(key: string, before: LabelledNode | null, after: LabelledNode | null): void {
    const had = before !== null && labelOf(before, key) !== null ? 1 : 0
    const has = after !== null && labelOf(after, key) !== null ? 1 : 0
    if (had !== has) this.#carriers.set(key, (this.#carriers.get(key) ?? 0) + has - had)
  }

  #isMoved(before: LabelledNode, after: LabelledNode): boolean {
    if (this.#index === null) return true
    for (const key of this.#keys) if (labelOf(before, key) !== labelOf(after, key)) return true
    for (const key of this.#own.keys()) if (labelOf(before, key) !== labelOf(after, key)) return true
    return false
  }

  /** Where labels decide, the levels are those of labels that some node carries. */
  #hasSameLevels(): boolean {
    if (this.#declared.length > 0) return true
    const levels = this.#carriedLevels()
    const now = this.#topologies[0]?.declaration.levels ?? []
    return now.length === levels.length && levels.every(({ key }, i) => now[i]?.key === key)
  }

  #carriedLevels(): readonly WellKnownLevel[] {
    return levelsCarried((key) => (this.#carriers.get(key) ?? 0) > 0)
  }

  #build(): TopologyIndex {
    for (const _ of this.#steps());
    return this.#index ?? this.#read()
  }

  /** O(nodes × levels), and O(domains log domains); a step is a level. */
  *#steps(): Generator<undefined, void> {
    const build = ++this.#builds
    const nodes = inOrder(this.#nodes.facts())
    this.#changed.clear() // from here on what changes is patched
    const topologies: Patched[] = []
    for (const declaration of declaredOr(this.#declared, () => this.#carriedLevels())) {
      const levels: CompiledLevel[] = []
      for (const level of compileLevels(declaration, nodes)) {
        levels.push(level)
        yield
        if (build !== this.#builds) return
      }
      topologies.push(patchedOf(declaration, levels))
    }
    this.#take(nodes, topologies)
  }

  #take(nodes: readonly LabelledNode[], topologies: Patched[]): void {
    this.#nodeNames = nodes.map(({ name }) => name)
    this.#topologies = topologies
    const listed = topologies.flatMap(({ declaration }) => declaration.levels.map(({ key }) => key))
    this.#keys = new Set(this.#declared.length > 0 ? listed : WELL_KNOWN_KEYS)
    this.#own.clear()
    this.#read()
  }

  #patch(name: string): void {
    const at = firstWhere(0, this.#nodeNames.length, (i) => byName(this.#nodeNames[i]!, name) >= 0)
    const wasThere = this.#nodeNames[at] === name
    const node = this.#nodes.get(name)
    if (node === undefined) return wasThere ? this.#remove(at) : undefined
    if (!wasThere) this.#insert(at, name)
    for (const { declaration, levels } of this.#topologies) {
      pathsOf(declaration, node).forEach((path, i) => levels[i]!.place(at, path))
    }
    for (const [key, level] of this.#own) level.place(at, labelOf(node, key))
  }

  #insert(at: number, name: string): void {
    this.#nodeNames.splice(at, 0, name)
    for (const level of this.#levels()) level.insertNode(at)
  }

  #remove(at: number): void {
    this.#nodeNames.splice(at, 1)
    for (const level of this.#levels()) level.removeNode(at)
  }

  *#levels(): Generator<LevelPatch> {
    for (const { levels } of this.#topologies) yield* levels
    yield* this.#own.values()
  }

  /** Topologies of which no level changed stay the objects that they are. */
  #read(): TopologyIndex {
    for (const topology of this.#topologies) {
      const levels = topology.levels.map((level) => level.read())
      const isSame = levels.every((level, i) => level === topology.compiled.levels[i])
      if (!isSame) topology.compiled = { name: topology.compiled.name, levels }
    }
    const topologies = this.#topologies.map(({ compiled }) => compiled)
    this.#index = {
      nodeNames: this.#nodeNames,
      topologies,
      topologyFor: (name, keys) => topologyFor(topologies, name, keys),
      levelFor: (topology, key) => topology?.levels.find((level) => level.key === key) ?? this.#ownLevel(key).read(),
    }
    return this.#index
  }

  /** Those asked for first go first. */
  #ownLevel(key: string): LevelPatch {
    const known = this.#own.get(key)
    if (known !== undefined) return known
    if (this.#own.size >= OWN_LEVELS_MAX) this.#own.delete(this.#own.keys().next().value as string)
    const nodes = this.#nodeNames.map((name) => this.#nodes.get(name) ?? { name, labels: {} })
    const made = new LevelPatch(ownLevel(nodes, key))
    this.#own.set(key, made)
    return made
  }
}

const patchedOf = (declaration: TopologyDeclaration, levels: readonly CompiledLevel[]): Patched => ({
  declaration,
  levels: levels.map((level) => new LevelPatch(level)),
  compiled: { name: declaration.name, levels },
})
