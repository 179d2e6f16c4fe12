import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../kube/config.ts'
import { plainConfig, podConfig } from '../../kube/plain-config.ts'

const folder = mkdtempSync(join(tmpdir(), 'espalier-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** A kubeconfig with one context a user; the first one is current. */
function written(name: string, users: Readonly<Record<string, object>>, cluster: object = {}): string {
  const file = join(folder, name)
  const names = Object.keys(users)
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': names[0],
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443/', ...cluster } }],
    users: names.map((user) => ({ name: user, user: users[user] })),
    contexts: names.map((user) => ({ name: user, context: { cluster: 'c', user, namespace: `ns-${user}` } })),
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}

describe('a kubeconfig', () => {
  test('gives server, namespace, token and key material of the current context', async () => {
    const users = { a: { token: 't1', 'client-certificate-data': base64('cert'), 'client-key-data': base64('key') } }
    const config = await loadConfig({ kubeconfig: written('a', users, { 'certificate-authority-data': base64('ca') }) })
    expect([config.server, config.namespace, config.proxyUrl]).toEqual(['https://127.0.0.1:6443', 'ns-a', null])
    const { headers, tls } = await config.credentials()
    expect(headers).toEqual({ authorization: 'Bearer t1' })
    expect(
      Object.entries(tls)
        .map(([part, value]) => `${part}=${String(value)}`)
        .sort(),
    ).toEqual(['ca=ca', 'cert=cert', 'key=key'])
  })

  test('another context can be asked for; one that is not there is named with those that are', async () => {
    const file = written('b', { a: { token: 't1' }, b: { token: 't2' } })
    const config = await loadConfig({ kubeconfig: file, context: 'b' })
    expect((await config.credentials()).headers).toEqual({ authorization: 'Bearer t2' })
    await expect(loadConfig({ kubeconfig: file, context: 'c' })).rejects.toThrow(/no context "c".*there are: a, b/)
  })

  test('a file that is missing or broken is named', async () => {
    await expect(loadConfig({ kubeconfig: join(folder, 'none') })).rejects.toThrow(/none cannot be read: ENOENT/)
    writeFileSync(join(folder, 'bad'), 'clusters: [')
    await expect(loadConfig({ kubeconfig: join(folder, 'bad') })).rejects.toThrow(/bad cannot be read/)
    writeFileSync(join(folder, 'empty'), '')
    await expect(loadConfig({ kubeconfig: join(folder, 'empty') })).rejects.toThrow(/empty/)
  })

  test('a token file is found beside the kubeconfig, and its newline is no part of the token', async () => {
    writeFileSync(join(folder, 'token'), 'from-file\n')
    const config = await loadConfig({ kubeconfig: written('d', { a: { tokenFile: 'token' } }) })
    expect((await config.credentials()).headers).toEqual({ authorization: 'Bearer from-file' })
  })

  test('an exec plugin is run, told who asks, and asked again when its token has expired', async () => {
    const count = join(folder, 'count')
    writeFileSync(count, '')
    const script = `
      const fs = require('node:fs')
      fs.appendFileSync(${JSON.stringify(count)}, 'x')
      const asked = JSON.parse(process.env.KUBERNETES_EXEC_INFO).kind
      const status = { token: asked + fs.readFileSync(${JSON.stringify(count)}).length, expirationTimestamp: '2020-01-01T00:00:00Z' }
      console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status }))`
    const apiVersion = 'client.authentication.k8s.io/v1'
    const exec = { apiVersion, command: process.execPath, args: ['-e', script], interactiveMode: 'Never' }
    const config = await loadConfig({ kubeconfig: written('e', { a: { exec } }) })
    expect((await config.credentials()).headers).toEqual({ authorization: 'Bearer ExecCredential1' })
    expect((await config.credentials()).headers).toEqual({ authorization: 'Bearer ExecCredential2' })
  })

  test('an exec plugin that fails is a rejection with its words', async () => {
    const exec = {
      apiVersion: 'v1',
      command: process.execPath,
      args: ['-e', 'console.error("no login"); process.exit(1)'],
    }
    const config = await loadConfig({ kubeconfig: written('f', { a: { exec } }) })
    await expect(config.credentials()).rejects.toThrow(/no login/)
  })

  test('plain http needs no flag, and basic authentication and unverified TLS work', async () => {
    const users = { a: { username: 'u', password: 'p' } }
    const cluster = { server: 'http://127.0.0.1:8080', 'insecure-skip-tls-verify': true, 'tls-server-name': 'kube' }
    const { headers, tls } = await (await loadConfig({ kubeconfig: written('g', users, cluster) })).credentials()
    expect(headers).toEqual({ authorization: `Basic ${base64('u:p')}` })
    expect(tls).toEqual({ rejectUnauthorized: false, servername: 'kube' })
    const plain = await loadConfig({ kubeconfig: written('h', { a: {} }, { server: 'http://127.0.0.1:8080' }) })
    expect(await plain.credentials()).toEqual({ headers: {}, tls: {} })
  })
})

describe('without client-node', () => {
  test('the service account of a pod is found, and its token read again each time', async () => {
    for (const [name, text] of Object.entries({ token: 't1\n', 'ca.crt': 'ca', namespace: 'prod\n' })) {
      writeFileSync(join(folder, name), text)
    }
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' }
    const config = podConfig(env, folder)
    expect([config?.server, config?.namespace]).toEqual(['https://[fd00::1]:6443', 'prod'])
    expect(await config?.credentials()).toEqual({
      headers: { authorization: 'Bearer t1' },
      tls: { ca: Buffer.from('ca') },
    })
    writeFileSync(join(folder, 'token'), 't2\n')
    expect((await config?.credentials())?.headers).toEqual({ authorization: 'Bearer t2' })
    expect(podConfig({}, folder)).toBe(null)
    expect(podConfig(env, join(folder, 'none'))).toBe(null)
    expect(podConfig({ ...env, KUBERNETES_SERVICE_PORT: '8080' }, folder), 'which speaks plain HTTP').toBe(null)
  })

  test('what is not plain is left to it: plugins, providers, impersonation, passwords, keys that we do not know', () => {
    const plain = (user: object, cluster: object = {}): boolean =>
      plainConfig(written('i', { a: user }, cluster), undefined) !== null
    expect(plain({ token: 't' })).toBe(true)
    expect(plain({ tokenFile: 'token' }, { 'proxy-url': 'http://127.0.0.1:3128' })).toBe(true)
    for (const key of ['exec', 'auth-provider', 'as', 'as-groups', 'username', 'something-new']) {
      expect([key, plain({ token: 't', [key]: {} })]).toEqual([key, false])
    }
    expect(plain({ token: 't' }, { 'something-new': 'x' })).toBe(false)
    expect(plain({ token: 1_234 }), 'a number that is meant as a text').toBe(false)
    expect(plain({ 'client-key': 'key.pem', 'client-key-data': 'a2V5' }), 'which of the two?').toBe(false)
    expect(plainConfig(join(folder, 'none'), undefined)).toBe(null)
  })
})
