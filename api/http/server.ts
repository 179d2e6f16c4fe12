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

/** `host:port`, or `:port` for every address; null when it is neither. */
export function parseListen(text: string): { readonly host: string; readonly port: number } | null {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3] ?? -1)
  if (match === null || port > 65_535) return null
  return { host: match[1] ?? (match[2] || '0.0.0.0'), port }
}
