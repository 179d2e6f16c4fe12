import type { FieldError } from '../api/field-error.ts'
import type { ClusterTopologyBinding } from '../api/generated/kinds.ts'
import { parseTopologyFile } from '../api/kinds/topology-file.ts'
import { byName, type TopologyDeclaration } from './declaration.ts'
import { defaultWithin } from './well-known.ts'

/** What is wrong with one source of topologies; what it said before stays in force. */
export interface TopologyReport {
  /** `topology.yaml`, or the name of a ClusterTopologyBinding. */
  readonly source: string
  readonly errors: readonly FieldError[]
}

/**
 * Which declarations are in force: the file's, and each binding's beside them. A file that does not parse changes
 * nothing but the report; a file that is gone takes its topologies with it.
 */
export class TopologySource {
  #file: readonly TopologyDeclaration[] = []
  #fileErrors: readonly FieldError[] = []
  #bindings: readonly TopologyDeclaration[] = []
  #version = 0

  /** Grows with each change of what is in force. */
  get version(): number {
    return this.#version
  }

  /** The text of the ConfigMap's key; null where there is none. Returns the errors for which it was refused. */
  setFile(text: string | null): readonly FieldError[] {
    const { topologies, errors } = text === null ? { topologies: [], errors: [] } : parseTopologyFile(text)
    this.#fileErrors = errors
    if (errors.length > 0) return errors
    this.#file = topologies
    this.#version++
    return []
  }

  setBindings(bindings: readonly ClusterTopologyBinding[]): void {
    this.#bindings = bindings.map(declarationOf).sort((a, b) => byName(a.name, b.name))
    this.#version++
  }

  /** In byte order of names. Empty: nobody declared any, so labels decide. */
  inForce(): readonly TopologyDeclaration[] {
    const named = new Set(this.#file.map(({ name }) => name))
    const bindings = this.#bindings.filter(({ name }) => !named.has(name))
    return [...this.#file, ...bindings].sort((a, b) => byName(a.name, b.name))
  }

  reports(): readonly TopologyReport[] {
    const named = this.#file.map(({ name }) => name)
    const doubles = this.#bindings.filter(({ name }) => named.includes(name)).map(({ name }) => doubleOf(name))
    const file = { source: 'topology.yaml', errors: this.#fileErrors }
    return this.#fileErrors.length > 0 ? [file, ...doubles] : doubles
  }
}

/** The file goes first: who edits it cannot be overruled by a binding of the same name. */
function doubleOf(name: string): TopologyReport {
  const want = 'a name that topology.yaml does not use'
  return { source: name, errors: [{ path: ['metadata', 'name'], found: name, want, at: null }] }
}

function declarationOf({ metadata, spec }: ClusterTopologyBinding): TopologyDeclaration {
  const levels = spec.levels.map(({ domain, key }) => ({ name: domain, key, within: defaultWithin(key) }))
  return { name: metadata.name, levels, nodes: [] }
}
