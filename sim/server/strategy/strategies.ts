import type { ServedType } from '../served-type.ts'
import type { Strategy } from './strategy.ts'
import { NAMESPACE } from './namespace.ts'
import { CRD } from './crd.ts'

const STRATEGIES: ReadonlyMap<string, Strategy> = new Map<string, Strategy>([
  ['/namespaces', NAMESPACE],
  ['apiextensions.k8s.io/customresourcedefinitions', CRD],
])

const PLAIN: Strategy = {}
const CUSTOM: Strategy = { needsVersion: true }

export const strategyOf = (type: ServedType): Strategy =>
  type.crd === null ? (STRATEGIES.get(type.collection) ?? PLAIN) : CUSTOM
