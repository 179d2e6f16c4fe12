/** A cluster for a trace: the nodes of a scenario, or the real network of `lingjun`. */
import { readFileSync } from 'node:fs'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { GPU_RESOURCE } from '../../api/names.ts'
import { inPackage } from '../../cli/package.ts'
import { nodeObjects } from '../runs/work.ts'
import { type ClusterShape, LEVEL_KEYS, type Level, LEVELS, type TraceWork } from '../scenario/scenario.ts'
import { rowsOf } from './jobs.ts'

export interface World {
  readonly nodes: readonly NewObject[]
  readonly gpusANode: number
  /** Broad to narrow, without hosts; per domain the positions of its nodes. */
  readonly levels: readonly { readonly level: Level; readonly domains: readonly (readonly number[])[] }[]
}

export function worldOf({ topology }: Pick<TraceWork, 'topology'>, cluster: ClusterShape): World {
  const nodes = topology === 'lingjun' ? lingjunNodes(cluster) : nodeObjects(cluster)
  const levels = LEVELS.filter(
    (level) => level !== 'host' && nodes.some(({ metadata }) => LEVEL_KEYS[level] in (metadata.labels ?? {})),
  )
  return {
    nodes,
    gpusANode: cluster.node.gpu,
    levels: levels.map((level) => ({ level, domains: domainsOf(nodes, level) })),
  }
}

function domainsOf(nodes: readonly NewObject[], level: Level): number[][] {
  const domains = new Map<string, number[]>()
  for (const [at, { metadata }] of nodes.entries()) {
    const value = metadata.labels?.[LEVEL_KEYS[level]]
    if (value === undefined) continue
    const own = domains.get(value) ?? []
    domains.set(value, own)
    own.push(at)
  }
  return [...domains.values()]
}

/** An aggregation switch is a block, a top-of-rack switch under it a rack; hosts have as many GPUs as the scenario says. */
function lingjunNodes({ node }: ClusterShape): NewObject[] {
  const rows = rowsOf(readFileSync(inPackage('bench/traces/data/lingjun/topo.csv'), 'utf8'))
  const amounts = {
    cpu: String(node.cpu),
    memory: `${node.memoryGi}Gi`,
    pods: String(node.pods),
    [GPU_RESOURCE]: String(node.gpu),
  }
  const placed = rows.map((row) => ({ block: row.get('PSW') ?? '', rack: `${row.get('PSW')}-${row.get('ASW')}` }))
  const sorted = placed.sort((a, b) => (a.rack < b.rack ? -1 : Number(a.rack > b.rack)))
  return sorted.map(({ block, rack }, i) => {
    const name = `host-${String(i).padStart(4, '0')}`
    const labels = { [LEVEL_KEYS.block]: block, [LEVEL_KEYS.rack]: rack, [LEVEL_KEYS.host]: name }
    return {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels },
      status: { capacity: amounts, allocatable: amounts, conditions: [{ type: 'Ready', status: 'True' }] },
    }
  })
}
