import { compareQuantities, parseQuantity, type Quantity } from '../../../api/quantity.ts'
import { isRecord, listAt, recordAt, type Json } from '../json.ts'

const COUNTED = ['cpu', 'memory'] as const

function amount(list: Json, name: string): Quantity | null {
  const text = list[name]
  const parsed = typeof text === 'string' || typeof text === 'number' ? parseQuantity(text) : null
  return parsed === null || parsed.nanos === 0n ? null : parsed
}

function isGuaranteed(holder: unknown): boolean {
  const resources = recordAt(holder, 'resources')
  return COUNTED.every((name) => {
    const limit = amount(recordAt(resources, 'limits'), name)
    const request = amount(recordAt(resources, 'requests'), name)
    return limit !== null && request !== null && compareQuantities(limit, request) === 0
  })
}

function isStated(holder: unknown): boolean {
  const resources = recordAt(holder, 'resources')
  return ['requests', 'limits'].some((key) => COUNTED.some((name) => amount(recordAt(resources, key), name) !== null))
}

/** Guaranteed, Burstable or BestEffort, from cpu and memory of all containers, or of the pod where it states them. */
export function qosClass(spec: Json): string {
  const whole = { resources: spec['resources'] }
  const holders =
    isRecord(spec['resources']) && isStated(whole)
      ? [whole]
      : [...listAt(spec, 'containers'), ...listAt(spec, 'initContainers')]
  if (!holders.some(isStated)) return 'BestEffort'
  return holders.every(isGuaranteed) ? 'Guaranteed' : 'Burstable'
}
