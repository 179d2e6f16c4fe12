import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, expect, test } from 'vitest'
import type { ClusterConfig, TlsMaterial } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'

const folder = mkdtempSync(join(tmpdir(), 'espalier-tls-'))
afterAll(() => rmSync(folder, { recursive: true }))

const hasOpenssl = ((): boolean => {
  try {
    return execFileSync('openssl', ['version']).length > 0
  } catch {
    return false
  }
})()

const read = (file: string): string => readFileSync(join(folder, file), 'utf8')

/** A self-signed certificate that is its own authority. */
function made(name: string): { cert: string; key: string } {
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1']
  const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  execFileSync('openssl', ['req', '-x509', ...kind, ...subject, ...files], { stdio: 'ignore' })
  return { cert: read(`${name}.crt`), key: read(`${name}.key`) }
}

test.skipIf(!hasOpenssl)(
  'the server is verified, and a rotated client certificate is used for new requests',
  async () => {
    const server = made('server')
    const clients = [made('first'), made('second')]
    const trusted = clients.map(({ cert }) => cert)
    const listener = createServer(
      { ...server, ca: trusted, requestCert: true, rejectUnauthorized: true },
      (request, response) => response.end((request.socket as TLSSocket).getPeerCertificate().subject.CN),
    )
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const url = `https://127.0.0.1:${(listener.address() as AddressInfo).port}`
    let tls: TlsMaterial = { ca: server.cert, ...clients[0] }
    const config: ClusterConfig = {
      server: url,
      namespace: 'default',
      proxyUrl: null,
      credentials: () => Promise.resolve({ headers: {}, tls }),
    }
    const ask = { method: 'GET', path: '/', deadlineMs: 10_000 } as const
    const transport = httpTransport(config, { credentialsMs: 0 })
    expect((await transport.request(ask)).body).toBe('first')
    tls = { ca: server.cert, ...clients[1] }
    expect((await transport.request(ask)).body).toBe('second')
    tls = { ca: clients[0]?.cert ?? '', ...clients[1] }
    await expect(transport.request(ask)).rejects.toMatchObject({ kind: 'connection' })
    await transport.close()
    listener.closeAllConnections()
    await new Promise((resolve) => listener.close(resolve))
  },
)
