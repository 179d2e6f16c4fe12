import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { openServer } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { PODS } from '../../kube/resources.ts'
import { type HttpRequest, type Transport, TransportError } from '../../kube/transport.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

interface Edge {
  readonly transport: Transport
  readonly url: string
  /** Connections that the server saw. */
  readonly sockets: Socket[]
}

const open: { server: Server; transport: Transport }[] = []

async function edge(handler: Handler, connections?: number, prefix = ''): Promise<Edge> {
  const sockets: Socket[] = []
  const server = createServer(handler).on('connection', (socket) => sockets.push(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`
  const transport = httpTransport(openServer(url), connections === undefined ? {} : { connections })
  open.push({ server, transport })
  return { transport, url, sockets }
}

afterEach(async () => {
  for (const { server, transport } of open.splice(0)) {
    server.closeAllConnections()
    await transport.close()
    await new Promise((resolve) => server.close(resolve))
  }
})

const get = (path: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  path,
  deadlineMs: 10_000,
  ...more,
})

const kindOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise
    return 'answered'
  } catch (error) {
    return error instanceof TransportError ? error.kind : `not a TransportError: ${String(error)}`
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

async function read(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const line of lines) all.push(line)
  return all
}

describe('requests', () => {
  test('a hundred in a row reuse their connection', async () => {
    const { transport, sockets } = await edge((_, response) => response.end('{}'))
    for (let i = 0; i < 100; i++) expect((await transport.request(get('/x'))).status).toBe(200)
    expect(sockets.length).toBeLessThanOrEqual(2) // the next may begin before the last one's end was read
  })

  test('two hundred at once share the few connections that the pool may open', async () => {
    const { transport, sockets } = await edge((_, response) => setImmediate(() => response.end('{}')), 4)
    const answers = await Promise.all(Array.from({ length: 200 }, () => transport.request(get('/x'))))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(sockets.length).toBeLessThanOrEqual(4)
  })

  test('carry method, path, headers and body, below the path of the server', async () => {
    const { transport } = await edge(
      (request, response) => {
        request.setEncoding('utf8')
        let body = ''
        request.on('data', (chunk: string) => (body += chunk))
        request.on('end', () => {
          response.setHeader('x-seen', String(request.headers['content-type']))
          response.end(`${request.method} ${request.url} ${body}`)
        })
      },
      1,
      '/clusters/c1',
    )
    const headers = { 'content-type': 'application/merge-patch+json' }
    const answer = await transport.request({
      method: 'PATCH',
      path: '/p?a=1',
      headers,
      body: '{"ü":1}',
      deadlineMs: 9_000,
    })
    expect(answer.body).toBe('PATCH /clusters/c1/p?a=1 {"ü":1}')
    expect(answer.headers['x-seen']).toBe('application/merge-patch+json')
  })

  test('that get no answer are given up at their deadline', async () => {
    const { transport, sockets } = await edge(() => {})
    expect(await kindOf(transport.request(get('/x', { deadlineMs: 30 })))).toBe('timeout')
    await closed(sockets[0])
  })

  test('whose answer stops half-way are given up at their deadline', async () => {
    const { transport } = await edge((_, response) => response.write('{"half":'))
    expect(await kindOf(transport.request(get('/x', { deadlineMs: 30 })))).toBe('timeout')
  })

  test('whose connection breaks or is refused say so, and the next one works', async () => {
    let isBroken = true
    const { transport, url } = await edge((request, response) => {
      if (isBroken) request.socket.destroy()
      else response.end('{}')
    })
    expect(await kindOf(transport.request(get('/x')))).toBe('connection')
    isBroken = false
    expect(await kindOf(transport.request(get('/x')))).toBe('answered')
    const nowhere = httpTransport(openServer(url.replace(/\d+$/, '1')))
    expect(await kindOf(nowhere.request(get('/x')))).toBe('connection')
    await nowhere.close()
  })

  test('can be given up by their caller, before and while they run', async () => {
    const { transport } = await edge(() => {})
    const aborter = new AbortController()
    const running = kindOf(transport.request(get('/x', { signal: aborter.signal })))
    aborter.abort()
    expect(await running).toBe('aborted')
    expect(await kindOf(transport.request(get('/x', { signal: aborter.signal })))).toBe('aborted')
  })

  test('that may not be sent any more when a connection is free are not, and the connection goes on', async () => {
    const paths: string[] = []
    let free = (): void => {}
    const { transport } = await edge((request, response) => {
      paths.push(request.url ?? '')
      if (request.url === '/first') free = () => response.end('{}')
      else response.end('{}')
    }, 1)
    let mayStillBeSent = true
    const first = transport.request(get('/first'))
    const waiting = kindOf(transport.request(get('/waiting', { method: 'POST', maySend: () => mayStillBeSent })))
    await until(() => paths.length === 1)
    mayStillBeSent = false
    free()
    expect((await first).status).toBe(200)
    expect(await waiting).toBe('unsent')
    expect((await transport.request(get('/next', { maySend: () => true }))).status).toBe(200)
    expect(paths).toEqual(['/first', '/next'])
  })

  test('given up by their caller after close do not end the process', async () => {
    const { transport } = await edge((_, response) => response.end('{}'))
    await transport.request(get('/x'))
    await transport.close()
    const unhandled: unknown[] = []
    const hear = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', hear)
    expect(await kindOf(transport.request(get('/x', { signal: AbortSignal.abort() })))).toBe('aborted')
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', hear)
    expect(unhandled).toEqual([])
  })

  test('that cannot get credentials fail like a broken connection, and the source is asked again', async () => {
    let asked = 0
    const { url } = await edge((request, response) => response.end(request.headers.authorization))
    const credentials = () =>
      asked++ === 0
        ? Promise.reject(new Error('the plugin failed'))
        : Promise.resolve({ headers: { authorization: 'Bearer t' }, tls: {} })
    const transport = httpTransport({ ...openServer(url), credentials })
    expect(await kindOf(transport.request(get('/x')))).toBe('connection')
    expect((await transport.request(get('/x'))).body).toBe('Bearer t')
    await transport.request(get('/x'))
    expect(asked).toBe(2)
    await transport.close()
  })

  test('go through the proxy that the kubeconfig names', async () => {
    const { url: proxyUrl } = await edge((request, response) => response.end(`${request.method} ${request.url}`))
    const transport = httpTransport({ ...openServer('http://cluster.invalid:6443/c1'), proxyUrl })
    const { body } = await transport.request(get('/version'))
    expect(body).toBe('GET http://cluster.invalid:6443/c1/version')
    await transport.close()
  })

  test('after close are refused', async () => {
    const { transport } = await edge((_, response) => response.end('{}'))
    await transport.request(get('/x'))
    await transport.close()
    expect(await kindOf(transport.request(get('/x')))).toBe('aborted')
  })
})

const closed = (socket: Socket | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (socket === undefined || socket.destroyed) resolve()
    else socket.once('close', () => resolve())
  })

describe('streams', () => {
  test('are cut into lines wherever the pieces were cut, umlauts included', async () => {
    const text = Buffer.from('{"a":"ü"}\n\n{"b":2}\n{"c":"🙂"}')
    const { transport } = await edge((_, response) => {
      const next = (i: number): void => {
        if (i >= text.length) response.end()
        else response.write(text.subarray(i, i + 1), () => next(i + 1))
      }
      next(0)
    })
    expect(await read((await transport.stream(get('/w'))).lines)).toEqual(['{"a":"ü"}', '', '{"b":2}', '{"c":"🙂"}'])
  })

  test('do not keep requests waiting, however many are open', async () => {
    const { transport } = await edge((request, response) => {
      if (request.url === '/w') response.write('{}\n')
      else response.end('{}')
    }, 1)
    const aborter = new AbortController()
    const streams = await Promise.all(
      Array.from({ length: 20 }, () => transport.stream(get('/w', { signal: aborter.signal }))),
    )
    expect((await transport.request(get('/x'))).status).toBe(200)
    aborter.abort()
    expect((await Promise.all(streams.map(({ lines }) => read(lines)))).length).toBe(20)
  })

  test('that break throw; those that their caller gives up end, and free the connection', async () => {
    const { transport, sockets } = await edge((request, response) => {
      response.write('{"n":1}\n', () => request.url === '/breaks' && request.socket.destroy())
    })
    expect(await kindOf(transport.stream(get('/breaks')).then(({ lines }) => read(lines)))).toBe('connection')
    const aborter = new AbortController()
    const seen: string[] = []
    for await (const line of (await transport.stream(get('/w', { signal: aborter.signal }))).lines) {
      seen.push(line)
      aborter.abort()
    }
    expect(seen).toEqual(['{"n":1}'])
    await closed(sockets[1])
  })

  test('whose head does not come are given up; once it is there they may be silent', async () => {
    let later: ServerResponse | null = null
    const { transport } = await edge((request, response) => {
      if (request.url !== '/w') return
      response.flushHeaders()
      later = response
    })
    expect(await kindOf(transport.stream(get('/never', { deadlineMs: 30 })))).toBe('timeout')
    const stream = await transport.stream(get('/w', { deadlineMs: 1_000 }))
    const lines = read(stream.lines)
    await kindOf(transport.stream(get('/never', { deadlineMs: 1_050 }))) // outlives the first one's deadline
    ;(later as ServerResponse | null)?.end('{}\n')
    expect(await lines).toEqual(['{}'])
  })

  test('that are refused carry the reason', async () => {
    const { transport } = await edge((_, response) => {
      response.statusCode = 410
      response.end('{"kind":"Status","code":410,\n"reason":"Expired","message":"too old"}')
    })
    const options = { resourceVersion: '1', timeoutSeconds: 5 }
    const answer = await kubeClient(transport).watch(PODS, options, new AbortController().signal)
    expect(answer).toMatchObject({ kind: 'failure', status: 410, reason: 'Expired', message: 'too old' })
  })
})
