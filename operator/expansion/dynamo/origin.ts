import { DYNAMO_ORIGIN_VERSION } from '../../../api/names.ts'
import type { ComponentGraph } from './component.ts'
import type { DynamoConfig } from './config.ts'

/** The release whose behaviour a graph was written for: what it says itself, else what the configuration fixes. */
export const originVersionOf = (graph: ComponentGraph, config: DynamoConfig): string =>
  graph.switches[DYNAMO_ORIGIN_VERSION] ?? config.originVersion
