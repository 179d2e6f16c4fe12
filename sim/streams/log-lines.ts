import type { Container, Pod } from '../../api/kinds/kubernetes.ts'
import { DYNAMO_COMPONENT_TYPE, GPU_RESOURCE } from '../../api/names.ts'
import { modelOf } from '../nodes/models.ts'
import { WAITER_CONTAINER } from '../nodes/pod-run.ts'

export interface LogLine {
  /** Milliseconds after the container's start. */
  readonly afterMs: number
  readonly text: string
}

/** A line a container says while it runs, after `round` of them. */
const HEARTBEAT_MS = 10_000

/** What a container says when it starts: plausible, and plainly simulated. */
export function startLines(pod: Pod, container: Container): readonly LogLine[] {
  const command = [...(container.command ?? []), ...(container.args ?? [])].join(' ')
  const said = [
    `simulated container ${container.name} of image ${container.image ?? '<none>'}`,
    ...(command === '' ? [] : [`command: ${command}`]),
    ...roleLines(pod, container),
  ]
  return said.map((text, i) => ({ afterMs: i * 15, text }))
}

function roleLines(pod: Pod, container: Container): readonly string[] {
  if (container.name === WAITER_CONTAINER)
    return (container.args ?? []).map((arg) => `waiting for ${arg.replace(/^--podcliques=/, '')}`)
  if (pod.metadata.labels?.[DYNAMO_COMPONENT_TYPE] === 'frontend') {
    return ['INFO listening on 0.0.0.0:8000', 'INFO serving GET /v1/models, POST /v1/chat/completions']
  }
  const model = modelOf(pod)
  const gpus = container.resources?.limits?.[GPU_RESOURCE] ?? container.resources?.requests?.[GPU_RESOURCE]
  const devices = gpus === undefined ? [] : [`INFO ${gpus} GPU(s) visible`]
  return model === null
    ? [...devices, 'INFO started']
    : [...devices, `INFO loading model ${model}`, `INFO model ${model} loaded`]
}

export const heartbeatLine = (round: number): LogLine => ({
  afterMs: round * HEARTBEAT_MS,
  text: `INFO still running (${round * (HEARTBEAT_MS / 1_000)} s)`,
})

export const endLine = (exitCode: number): string =>
  exitCode === 0 ? 'INFO finished' : `ERROR exiting with code ${exitCode}`
