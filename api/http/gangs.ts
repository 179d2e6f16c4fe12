import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
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
const pod = {
  type: 'object',
  properties: {
    namespace: { type: 'string' },
    name: { type: 'string' },
    podGang: text,
    podGroup: text,
    node: text,
    phase: { type: 'string' },
    reason: text,
    message: text,
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
    app.get(
      '/v1/gangs',
      { schema: { response: { 200: { type: 'array', items: gang }, ...refused } } },
      (_, reply) => answer(reports, (view) => view.gangs) ?? reply.code(503).send(NOT_LEADING),
    )
    app.get(
      '/v1/pods',
      { schema: { response: { 200: { type: 'array', items: pod }, ...refused } } },
      (_, reply) => answer(reports, (view) => view.pods) ?? reply.code(503).send(NOT_LEADING),
    )
    app.get<{ Params: Key }>(
      '/v1/gangs/:namespace/:name',
      { schema: { response: { 200: gang, ...refused } } },
      ({ params: { namespace, name } }, reply) => {
        const view = reports.scheduler()
        if (view === null) return reply.code(503).send(NOT_LEADING)
        const found = view.gangs.find((each) => each.namespace === namespace && each.name === name)
        return found ?? reply.code(404).send(problem('GangNotFound', `no PodGang ${namespace}/${name}`))
      },
    )
    app.get(
      '/v1/topology',
      (_, reply) =>
        answer(reports, ({ topologyErrors }) => ({ errors: topologyErrors })) ?? reply.code(503).send(NOT_LEADING),
    )
  }

function answer<T>(reports: Reports, of: (view: SchedulerView) => T): T | null {
  const view = reports.scheduler()
  return view === null ? null : of(view)
}
