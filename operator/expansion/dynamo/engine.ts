import type { FieldError } from '../../../api/field-error.ts'
import { type CommandLine, enginesIn } from './command-line.ts'
import type { Component, ComponentGraph, Engine } from './component.ts'
import { type EngineAnswer, type EngineRequest, type StartAcrossNodes, unchanged } from './multinode.ts'
import { startSglang } from './sglang.ts'
import { startTrtllm } from './trtllm.ts'
import { startVllm } from './vllm.ts'

const ENGINES: Readonly<Record<Engine, StartAcrossNodes>> = {
  vllm: startVllm,
  sglang: startSglang,
  trtllm: startTrtllm,
}

const isEngine = (name: string): name is Engine => name in ENGINES

export type Detected = Readonly<{ kind: 'engine'; engine: Engine | null } | { kind: 'refused'; error: FieldError }>

/** Which engine a component runs: what its command starts, or else what the graph says. Null: none that we know. */
export function detectEngine(graph: ComponentGraph, component: Component, line: CommandLine): Detected {
  const explicit = isEngine(graph.engine) ? graph.engine : null
  if (!component.isWorker) return { kind: 'engine', engine: null }
  const found = enginesIn(line)
  const only = found[0]
  if (found.length > 1 && explicit === null) return ambiguous(component, found)
  if (found.length === 1 && only !== undefined && explicit !== null && only !== explicit) {
    return mismatch(component, only, explicit)
  }
  return { kind: 'engine', engine: explicit ?? only ?? null }
}

const commandPath = (component: Component): FieldError['path'] => [
  ...component.path,
  'extraPodSpec',
  'mainContainer',
  'command',
]

const ambiguous = (component: Component, found: readonly Engine[]): Detected => ({
  kind: 'refused',
  error: {
    path: commandPath(component),
    found,
    want: 'one engine, or spec.backendFramework saying which of them it is',
    at: null,
  },
})

const mismatch = (component: Component, found: Engine, explicit: Engine): Detected => ({
  kind: 'refused',
  error: {
    path: commandPath(component),
    found: `dynamo.${found}`,
    want: `dynamo.${explicit}: the engine and spec.backendFramework mismatch`,
    at: null,
  },
})

/** What the engine needs in the pods of one role, or nothing if we know none. */
export const startAcrossNodes = (engine: Engine | null, request: EngineRequest): EngineAnswer =>
  engine === null ? unchanged(request.line) : ENGINES[engine](request)
