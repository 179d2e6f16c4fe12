import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { PODS } from '../../kube/resources.ts'
import { OwnerGraph } from '../../sim/controllers/owner-graph.ts'

const uid = fc.constantFrom('a', 'b', 'c', 'd')
const step = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), uid, owners: fc.uniqueArray(uid, { maxLength: 2 }) }),
  fc.record({ kind: fc.constant('remove' as const), uid }),
)

const objectOf = (name: string, owners: readonly string[]): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    uid: name,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    ownerReferences: owners.map((owner) => ({ apiVersion: 'v1', kind: 'Pod', name: owner, uid: owner })),
  },
})

test('who has dependents, and which, follows from the owners that objects name now, whatever came, changed and went', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const graph = new OwnerGraph()
      const owners = new Map<string, readonly string[]>()
      for (const each of steps) {
        if (each.kind === 'remove') {
          graph.remove(each.uid)
          owners.delete(each.uid)
        } else {
          graph.put({ uid: each.uid, type: PODS, object: objectOf(each.uid, each.owners) })
          owners.set(each.uid, each.owners)
        }
        for (const owner of ['a', 'b', 'c', 'd']) {
          const dependents = [...owners].filter(([, named]) => named.includes(owner)).map(([name]) => name)
          const found = graph.dependentsOf(owner).map((item) => item.uid)
          expect([...found].sort()).toEqual(dependents.sort())
          expect(graph.hasDependents(owner)).toBe(dependents.length > 0)
        }
      }
    }),
  )
})
