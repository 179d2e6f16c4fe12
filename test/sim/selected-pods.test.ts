import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Pod, Service } from '../../api/kinds/kubernetes.ts'
import { keyOf } from '../../sim/controllers/controller.ts'
import { SelectedPods } from '../../sim/controllers/selected-pods.ts'

const labels = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2', ''), { maxKeys: 3 })
const namespace = fc.constantFrom('one', 'other')
const name = fc.constantFrom('x', 'y', 'z')

const step = fc.oneof(
  fc.record({ what: fc.constantFrom('service', 'pod'), namespace, name, labels }),
  fc.record({ what: fc.constantFrom('no-service', 'no-pod'), namespace, name, labels }),
)

const ANY = { resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }

interface Named {
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

const serviceOf = ({ namespace, name, labels }: Named): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name, uid: `${namespace}/${name}`, ...ANY },
  spec: { selector: labels },
})

const podOf = ({ namespace, name, labels }: Named): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace, name, uid: `${namespace}/${name}`, labels, ...ANY },
  spec: { containers: [] },
})

/** Every pod and every service looked at. */
function selectedBy({ metadata, spec }: Service, pods: readonly Pod[]): string[] {
  const selector = Object.entries(spec?.selector ?? {})
  const isIts = (pod: Pod): boolean =>
    pod.metadata.namespace === metadata.namespace &&
    selector.length > 0 &&
    selector.every(([key, value]) => pod.metadata.labels?.[key] === value)
  return pods
    .filter(isIts)
    .map((pod) => pod.metadata.name)
    .sort()
}

describe('SelectedPods', () => {
  it('knows of every service what a look at all pods would find, whatever came and went', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const selected = new SelectedPods()
        const services = new Map<string, Service>()
        const pods = new Map<string, Pod>()
        for (const each of steps) {
          const [service, pod] = [serviceOf(each), podOf(each)]
          const key = keyOf(service)
          const [serviceBefore, podBefore] = [services.get(key) ?? null, pods.get(key) ?? null]
          if (each.what === 'service') {
            selected.putService(service, serviceBefore, pods.values())
            services.set(key, service)
          } else if (each.what === 'no-service' && serviceBefore !== null) {
            selected.removeService(serviceBefore)
            services.delete(key)
          } else if (each.what === 'pod' || podBefore !== null) {
            const after = each.what === 'pod' ? pod : null
            const touched = selected.movePod(podBefore, after)
            const isTouched = (one: Service): boolean =>
              [podBefore, after].some((state) => state !== null && selectedBy(one, [state]).length > 0)
            expect([...touched].sort()).toEqual([...services.values()].filter(isTouched).map(keyOf).sort())
            if (after === null) pods.delete(key)
            else pods.set(key, after)
          }
          for (const one of services.values())
            expect(selected.of(keyOf(one)).map(({ metadata }) => metadata.name)).toEqual(
              selectedBy(one, [...pods.values()]),
            )
        }
      }),
    )
  })

  it('looks at all pods for the first service that asks for some keys, and for no other of that namespace', () => {
    const selected = new SelectedPods()
    const pods = Array.from({ length: 50 }, (_, at) =>
      podOf({ namespace: 'one', name: `p-${at}`, labels: { a: String(at) } }),
    )
    let looks = 0
    function* counted(): Generator<Pod> {
      looks++
      yield* pods
    }
    for (let at = 0; at < 50; at++) {
      const service = serviceOf({ namespace: 'one', name: `s-${at}`, labels: { a: String(at) } })
      selected.putService(service, at % 2 === 0 ? null : service, counted())
      expect(selected.of(keyOf(service))).toEqual([pods[at]])
    }
    expect(looks).toBe(1)
  })
})
