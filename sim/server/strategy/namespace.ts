import { recordAt, type Json } from '../json.ts'
import type { Strategy } from './strategy.ts'

/** A namespace carries its own label, and goes only when its contents are gone and `kubernetes` is taken off. */
export const NAMESPACE: Strategy = {
  defaults: (object) => {
    const metadata = recordAt(object, 'metadata')
    const name = metadata['name']
    if (typeof name !== 'string') return
    metadata['labels'] = { ...recordAt(metadata, 'labels'), 'kubernetes.io/metadata.name': name }
  },
  admit: (_core, object) => {
    const spec: Json = { ...recordAt(object, 'spec'), finalizers: ['kubernetes'] }
    object['spec'] = spec
  },
  firstStatus: () => ({ phase: 'Active' }),
  prepareUpdate: (object, before) => {
    object['spec'] = { ...recordAt(object, 'spec'), finalizers: recordAt(before, 'spec')['finalizers'] }
  },
}
