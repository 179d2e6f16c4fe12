/** The room's doors: declarations and labels in, a flat index out. */
export { compileTopology } from './compiled/compile.ts'
export type { CompiledLevel, CompiledTopology, DomainIx, NodeIx, TopologyIndex } from './compiled/index-types.ts'
export { domainsAround } from './compiled/nesting.ts'
export { buildTopologyIndex, declarationsInForce } from './compiled/topology-index.ts'
export type { DeclaredLevel, LabelledNode, TopologyDeclaration } from './declaration.ts'
