import type { Pod } from '../../api/kinds/kubernetes.ts'
import { DYNAMO_COMPONENT_TYPE, DYNAMO_NAMESPACE } from '../../api/names.ts'
import { modelOf } from './models.ts'

/** What a simulated container is asked. */
export interface SimulatedRequest {
  readonly method: string
  /** With the query string. */
  readonly path: string
  readonly body: string
}

export interface SimulatedResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The one header that says that no engine stands behind an answer. */
export const SIMULATED_HEADER = 'x-espalier-simulated'

const WORKER_TYPES: ReadonlySet<string> = new Set(['worker', 'prefill', 'decode'])

const isPodReady = (pod: Pod): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  (pod.status?.conditions ?? []).some((c) => c.type === 'Ready' && c.status === 'True')

const labelOf = (pod: Pod, key: string): string | undefined => pod.metadata.labels?.[key]

/**
 * What the container of `pod` answers. A Dynamo frontend speaks the OpenAI API for the models of the Ready workers
 * of its own Dynamo namespace among `pods`; every other container answers health checks and says who it is.
 */
export function respond(request: SimulatedRequest, pod: Pod, pods: Iterable<Pod>, nowMs: number): SimulatedResponse {
  const path = request.path.split('?')[0] ?? '/'
  if (path === '/live' || path === '/health') return json(200, health(pod, servedModels(pod, pods)))
  if (labelOf(pod, DYNAMO_COMPONENT_TYPE) !== 'frontend') return text(200, `${pod.metadata.name} (simulated)\n`)
  const models = servedModels(pod, pods)
  switch (`${request.method} ${path}`) {
    case 'GET /v1/models':
      return json(200, { object: 'list', data: models.map((id) => modelEntry(id, nowMs)) })
    case 'POST /v1/completions':
    case 'POST /v1/chat/completions':
      return complete(path, request.body, models, nowMs)
    default:
      return json(404, { error: { message: `no route ${request.method} ${path}`, type: 'not_found', code: 404 } })
  }
}

/** Byte order, each once. */
function servedModels(frontend: Pod, pods: Iterable<Pod>): readonly string[] {
  const models = new Set<string>()
  for (const pod of pods) {
    if (!isWorkerFor(frontend, pod) || !isPodReady(pod)) continue
    const model = modelOf(pod)
    if (model !== null) models.add(model)
  }
  return [...models].sort((a, b) => (a < b ? -1 : 1))
}

const isWorkerFor = (frontend: Pod, pod: Pod): boolean =>
  pod.metadata.namespace === frontend.metadata.namespace &&
  WORKER_TYPES.has(labelOf(pod, DYNAMO_COMPONENT_TYPE) ?? '') &&
  labelOf(pod, DYNAMO_NAMESPACE) === labelOf(frontend, DYNAMO_NAMESPACE)

const modelEntry = (id: string, nowMs: number): object => ({
  id,
  object: 'model',
  created: Math.floor(nowMs / 1_000),
  owned_by: 'nvidia',
})

const health = (pod: Pod, models: readonly string[]): object => ({
  status: 'healthy',
  pod: pod.metadata.name,
  ...(labelOf(pod, DYNAMO_COMPONENT_TYPE) === 'frontend' ? { models } : {}),
})

interface CompletionRequest {
  readonly model?: unknown
  readonly prompt?: unknown
  readonly messages?: readonly { readonly content?: unknown }[]
  readonly stream?: unknown
}

function complete(path: string, body: string, models: readonly string[], nowMs: number): SimulatedResponse {
  if (models.length === 0) return failure(503, 'no worker is ready')
  const asked = parse(body)
  if (asked === null) return failure(400, 'the body is not a JSON object')
  const model = asked.model ?? models[0]
  if (typeof model !== 'string' || !models.includes(model)) return failure(404, `model ${String(model)} is not served`)
  const isChat = path.endsWith('/chat/completions')
  const prompt = String((isChat ? asked.messages?.at(-1)?.content : asked.prompt) ?? '')
  const answer = `This is a simulated answer of ${model}.`
  return asked.stream === true ? streamed(isChat, model, answer, nowMs) : whole(isChat, model, prompt, answer, nowMs)
}

function parse(body: string): CompletionRequest | null {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}

function whole(isChat: boolean, model: string, prompt: string, answer: string, nowMs: number): SimulatedResponse {
  const tokens = { prompt_tokens: wordCount(prompt), completion_tokens: wordCount(answer) }
  const choice = isChat
    ? { index: 0, message: { role: 'assistant', content: answer }, finish_reason: 'stop' }
    : { index: 0, text: answer, finish_reason: 'stop' }
  return json(200, {
    ...completionHead(isChat ? 'chat.completion' : 'text_completion', model, nowMs),
    choices: [choice],
    usage: { ...tokens, total_tokens: tokens.prompt_tokens + tokens.completion_tokens },
  })
}

/** Server-sent events, one word each, all at once: time does not pass inside an answer. */
function streamed(isChat: boolean, model: string, answer: string, nowMs: number): SimulatedResponse {
  const head = completionHead(isChat ? 'chat.completion.chunk' : 'text_completion', model, nowMs)
  const chunks = answer.split(' ').map((word, i) => {
    const part = i === 0 ? word : ` ${word}`
    return isChat ? { index: 0, delta: { content: part } } : { index: 0, text: part }
  })
  const lines = [...chunks, { index: 0, ...(isChat ? { delta: {} } : { text: '' }), finish_reason: 'stop' }]
  const events = lines.map((choice) => `data: ${JSON.stringify({ ...head, choices: [choice] })}\n\n`)
  return answered(200, 'text/event-stream', `${events.join('')}data: [DONE]\n\n`)
}

const completionHead = (object: string, model: string, nowMs: number): object => ({
  id: `simulated-${nowMs}`,
  object,
  created: Math.floor(nowMs / 1_000),
  model,
})

const wordCount = (content: string): number => content.split(/\s+/).filter((word) => word !== '').length

const failure = (status: number, message: string): SimulatedResponse =>
  json(status, {
    error: { message, type: status === 503 ? 'service_unavailable' : 'invalid_request_error', code: status },
  })

const json = (status: number, body: object): SimulatedResponse =>
  answered(status, 'application/json', `${JSON.stringify(body)}\n`)

const text = (status: number, body: string): SimulatedResponse => answered(status, 'text/plain; charset=utf-8', body)

const answered = (status: number, contentType: string, body: string): SimulatedResponse => ({
  status,
  headers: {
    'content-type': contentType,
    'content-length': String(Buffer.byteLength(body)),
    [SIMULATED_HEADER]: 'true',
  },
  body,
})
