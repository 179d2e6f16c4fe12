import { describe, expect, test } from 'vitest'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { GPU_RESOURCE } from '../../api/names.ts'
import { simulateManifests } from '../../cli/simulation.ts'
import { breachesOf, manifestsOf, type PlacementCase, placementCases } from './placement-cases.ts'

/** What changes nothing about where a case's pods belong. */
type Variation = (placement: PlacementCase) => PlacementCase

/** Everything twice as large. */
const doubled: Variation = (placement) => ({
  ...placement,
  nodes: placement.nodes.map((node) => ({ ...node, gpus: node.gpus * 2 })),
  gangs: placement.gangs.map((gang) => ({
    ...gang,
    pods: gang.pods.map((pod) => (pod.gpus === undefined ? pod : { ...pod, gpus: pod.gpus * 2 })),
  })),
})

/** One broader level around all and one level per node below, of which nobody speaks. */
const deeper: Variation = (placement) => ({
  ...placement,
  topologies: Object.fromEntries(
    Object.entries(placement.topologies ?? {}).map(([name, levels]) => [name, ['planet', ...levels]]),
  ),
  nodes: placement.nodes.map((node) => ({ ...node, labels: { planet: 'earth', ...node.labels } })),
})

/** Nodes, with all that names them, in the same order under other names. */
const renamed: Variation = (placement) => {
  const other = (name: string): string => `zz-${name}`
  const expected = (what: 'pods' | 'gangs'): PlacementCase['expect']['pods'] =>
    Object.fromEntries(
      Object.entries(placement.expect[what] ?? {}).map(([each, want]) => [
        each,
        want.node === undefined ? want : { ...want, node: other(want.node) },
      ]),
    )
  return {
    ...placement,
    nodes: placement.nodes.map((node) => ({ ...node, name: other(node.name) })),
    gangs: placement.gangs.map((gang) => ({
      ...gang,
      pods: gang.pods.map((pod) => (pod.on === undefined ? pod : { ...pod, on: other(pod.on) })),
    })),
    expect: { ...placement.expect, pods: expected('pods') ?? {}, gangs: expected('gangs') ?? {} },
  }
}

/** Another resource of which a node has some. */
const withOtherDevices = (objects: readonly NewObject[]): NewObject[] =>
  JSON.parse(JSON.stringify(objects).replaceAll(GPU_RESOURCE, 'example.com/accelerator')) as NewObject[]

const cases = placementCases().filter(({ id }) => !/^(PRE-|BEY-21|BEY-23|AFF-|SUB-11)/.test(id))

async function breaches(placement: PlacementCase, objects: readonly NewObject[]): Promise<string[]> {
  const result = await simulateManifests(objects.map((object) => ({ object, at: placement.id })))
  expect(result.ignored).toEqual([])
  return breachesOf(placement, result.pods)
}

describe('placement cases, varied', () => {
  for (const placement of cases) {
    test(`${placement.id}: twice as large, other names, written in reverse`, async () => {
      const varied = renamed(doubled(placement))
      expect(await breaches(varied, manifestsOf(varied).toReversed())).toEqual([])
    })

    test(`${placement.id}: another device, a level more`, async () => {
      const varied = deeper(placement)
      expect(await breaches(varied, withOtherDevices(manifestsOf(varied)))).toEqual([])
    })
  }
})
