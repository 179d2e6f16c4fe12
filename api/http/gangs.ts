import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply } from 'fastify'
import { NOT_LEADING, problem, type Reports, type SchedulerView } from './reports.ts'

const text = { type: ['string', 'null'] } as const
const gang = {
  type: 'object',
  properties: {
    namespace: { type: 'string' },
    name: { type: 'string' },
    phase: { type: 'string' },
    placementScore: { type: ['number', 'null'] },
    reason: text,
    message: text,
    shortfalls: { type: 'array', items: { type: 'object', additionalProperties: true } },
  },
} as const
const refusal = { type: 'object', properties: { code: { type: 'string' }, message: { type: 'string' } } } as const
const refused = { 404: refusal, 503: refusal } as const

interface Key {
  readonly namespace: string
  readonly name: string
}

/** Why each gang is pending or where it stands, in the words of the scheduler's own report. */
export const gangRoutes =
  (reports: Reports): FastifyPluginAsync =>
  async (app: FastifyInstance) => {
    app.get('/v1/gangs', (_, reply) => sendAll(reply, reports.scheduler()?.gangs()))
    app.get('/v1/pods', (_, reply) => sendAll(reply, reports.scheduler()?.pods()))
    app.get<{ Params: Key }>(
      '/v1/gangs/:namespace/:name',
      { schema: { response: { 200: gang, ...refused } } },
      ({ params: { namespace, name } }, reply) => {
        const view = reports.scheduler()
        if (view === null) return reply.code(503).send(NOT_LEADING)
        return (
          view.gang(namespace, name) ?? reply.code(404).send(problem('GangNotFound', `no PodGang ${namespace}/${name}`))
        )
      },
    )
    app.get(
      '/v1/topology',
      (_, reply) => answer(reports, (view) => ({ errors: view.topologyErrors() })) ?? reply.code(503).send(NOT_LEADING),
    )
  }

/** A list of any length, piece by piece, with a turn of the event loop for others after each. */
function sendAll(reply: FastifyReply, items: Iterable<object> | undefined): FastifyReply {
  if (items === undefined) return reply.code(503).send(NOT_LEADING)
  return reply.type('application/json; charset=utf-8').send(Readable.from(jsonArray(items)))
}

/** Characters of one piece; a hundred reports or two. */
const PIECE = 32_768

async function* jsonArray(items: Iterable<object>): AsyncGenerator<string> {
  let text = '['
  let comma = ''
  for (const item of items) {
    text += `${comma}${JSON.stringify(item)}`
    comma = ','
    if (text.length < PIECE) continue
    yield text
    text = ''
    await new Promise((resolve) => setImmediate(resolve))
  }
  yield `${text}]`
}

function answer<T>(reports: Reports, of: (view: SchedulerView) => T): T | null {
  const view = reports.scheduler()
  return view === null ? null : of(view)
}
