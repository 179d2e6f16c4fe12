/** The report service of a running half: health for probes, reports for people and tools. Reads only. */
import { type FastifyInstance, fastify } from 'fastify'
import { explanationRoutes } from './explanation.ts'
import { gangRoutes } from './gangs.ts'
import { problem, type Reports } from './reports.ts'

export function reportServer(reports: Reports): FastifyInstance {
  const app = fastify({ forceCloseConnections: true, logger: false })
  app.get('/healthz', () => ({ status: 'ok' }))
  app.get('/readyz', (_, reply) =>
    reports.isReady() ? { status: 'ok' } : reply.code(503).send(problem('NotReady', 'the caches are not warm yet')),
  )
  app.get('/metrics', async (_, reply) => reply.type(reports.metrics.contentType).send(await reports.metrics.text()))
  app.setNotFoundHandler((request, reply) => reply.code(404).send(problem('NoSuchPath', `nothing at ${request.url}`)))
  void app.register(gangRoutes(reports))
  void app.register(explanationRoutes(reports))
  return app
}
