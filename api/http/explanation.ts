import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { explanationSchema, refusalSchema } from './explanation-schema.ts'
import { NOT_LEADING, problem, type Reports } from './reports.ts'

interface Key {
  readonly namespace: string
  readonly name: string
}

/** Why one gang is where it is, or why it has no place: worked out when it is asked for. */
export const explanationRoutes =
  (reports: Reports): FastifyPluginAsync =>
  async (app: FastifyInstance) => {
    const response = { 200: explanationSchema, 404: refusalSchema, 429: refusalSchema, 503: refusalSchema }
    app.get<{ Params: Key }>(
      '/v1/gangs/:namespace/:name/explanation',
      { schema: { response } },
      ({ params: { namespace, name } }, reply) => {
        const answer = reports.explain(namespace, name)
        if (answer === null) return reply.code(503).send(NOT_LEADING)
        if (answer.kind === 'explained') return answer.explanation
        if (answer.kind === 'unknown')
          return reply.code(404).send(problem('GangNotFound', `no PodGang ${namespace}/${name}`))
        const seconds = Math.ceil(answer.retryAfterMs / 1_000)
        return reply
          .code(429)
          .header('retry-after', String(seconds))
          .send(problem('Busy', `explanations take their turn behind placing: ask again in ${seconds} s`))
      },
    )
  }
