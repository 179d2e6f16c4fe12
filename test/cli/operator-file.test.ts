import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { sentenceOf } from '../../api/field-error.ts'
import type { Flags, Io } from '../../cli/command.ts'
import { operator, run } from '../../cli/commands/run.ts'
import { readOperatorFile } from '../../cli/operator-file.ts'

const HEAD = 'apiVersion: operator.config.grove.io/v1alpha1\nkind: OperatorConfiguration\n'

function read(body: string) {
  const result = readOperatorFile(HEAD + body)
  if (result.kind === 'wrong') throw new Error(result.errors.map(sentenceOf).join('\n'))
  return result.file
}

const complaints = (text: string): string[] => {
  const result = readOperatorFile(text)
  return result.kind === 'wrong' ? result.errors.map(sentenceOf) : []
}

test('the published file is taken: what has a meaning here is set, the rest is told', () => {
  const file = read(`
runtimeClientConnection: {qps: 100, burst: 150}
leaderElection:
  enabled: false
  leaseDuration: 20s
  renewDeadline: 15s
  retryPeriod: 3s
  resourceLock: leases
  resourceName: grove-operator-leader-election
server:
  webhooks: {port: 9443, serverCertDir: /etc/certs}
  healthProbes: {enable: true, port: 9444}
  metrics: {port: 9445}
controllers:
  podCliqueSet: {concurrentSyncs: 3}
  podClique: {concurrentSyncs: 4}
  podCliqueScalingGroup: {concurrentSyncs: 5}
  podGang: {concurrentSyncs: 6}
logLevel: debug
logFormat: json
authorizer: {enabled: false, exemptServiceAccountUserNames: [a, b]}
topologyAwareScheduling: {enabled: true}
network: {autoMNNVLEnabled: false}
scheduler:
  defaultProfileName: kai-scheduler
  profiles: [{name: default-scheduler, config: {}}, {name: kai-scheduler}]
clusterDomain: example.org
disruptionBudgets: {enabled: true}
`)
  expect(file.flags).toEqual({
    leaderElect: false,
    leaseDuration: '20s',
    renewDeadline: '15s',
    retryPeriod: '3s',
    listen: ':9445',
    logLevel: 'debug',
    schedulerName: ['kai-scheduler'],
    disruptionBudgets: true,
  })
  expect(file.config).toEqual({
    clusterDomain: 'example.org',
    concurrentSyncs: { podcliqueset: 3, podclique: 4, podcliquescalinggroup: 5, podgang: 6 },
    isTopologyAware: true,
    schedulerName: 'kai-scheduler',
  })
  expect(file.unused).toEqual([
    'runtimeClientConnection.qps',
    'runtimeClientConnection.burst',
    'leaderElection.resourceLock',
    'leaderElection.resourceName',
    'server.webhooks.port',
    'server.webhooks.serverCertDir',
    'server.healthProbes.enable',
    'logFormat',
    'authorizer.enabled',
    'authorizer.exemptServiceAccountUserNames',
    'network.autoMNNVLEnabled',
    'scheduler.profiles[0].config',
    'scheduler.profiles[0] (default-scheduler)',
    'server.healthProbes.port (health is served at server.metrics.port)',
  ])
})

test('an empty file changes nothing; sections and keys may be left empty', () => {
  expect(read('')).toEqual({ flags: {}, config: { concurrentSyncs: {}, isTopologyAware: true }, unused: [] })
  expect(read('server:\nlogLevel:\n')).toEqual(read(''))
})

test("kube-scheduler's pods stay its own: where it is the default, ours is in its place", () => {
  const profiles = 'profiles: [{name: default-scheduler}, {name: kai-scheduler}]'
  expect(read(`scheduler: {${profiles}}\n`).flags['schedulerName']).toEqual(['espalier', 'kai-scheduler'])
  const named = read(`scheduler: {${profiles}, defaultProfileName: default-scheduler}\n`)
  expect(named.config.schedulerName).toBe('espalier')
  const other = read('scheduler: {defaultProfileName: b, profiles: [{name: espalier}, {name: b}]}\n')
  expect([other.flags['schedulerName'], other.config.schedulerName]).toEqual([['b', 'espalier'], 'b'])
})

test('health alone gives the address too', () => {
  expect(read('server: {healthProbes: {port: 2751}}').flags['listen']).toBe(':2751')
})

test.each([
  ['logLevel: loud', 'logLevel: found "loud", want "debug" or "info" or "warn" or "error"'],
  ['server: {metrics: {port: 70000}}', 'server.metrics.port: found 70000, want a port from 1 to 65535'],
  ['server: 5', 'server: found 5, want an object'],
  [
    'controllers: {podGang: {concurrentSyncs: 0}}',
    'controllers.podGang.concurrentSyncs: found 0, want a whole number from 1 to 1000',
  ],
  ['leaderElection: {enabled: maybe}', 'leaderElection.enabled: found "maybe", want true or false'],
  ['leaderElection: {leaseDuration: soon}', 'leaderElection.leaseDuration: found "soon", want a time such as 15s'],
  ['scheduler: {profiles: []}', 'scheduler.profiles: found [], want one profile or more'],
  ['scheduler: {profiles: [{name: a}, {name: a}]}', 'want each profile once'],
  ['scheduler: {profiles: [{}]}', 'scheduler.profiles[0]: found {}, want a profile with the name of a scheduler'],
  [
    'scheduler: {profiles: [{name: a}], defaultProfileName: b}',
    'scheduler.defaultProfileName: found "b", want one of a',
  ],
  ['clusterDomain: Not A Domain', 'clusterDomain: found "Not A Domain", want a DNS name'],
  ['leaderElection: {leaseDuration: 5s}', '--lease-duration must exceed --renew-deadline'],
])('%s is refused', (body, complaint) => {
  expect(complaints(`${HEAD}${body}\n`)).toEqual([expect.stringContaining(complaint)])
})

test.each([
  ['', 'want an OperatorConfiguration of operator.config.grove.io/v1alpha1'],
  ['- a\n', 'found ["a"], want an OperatorConfiguration'],
  ['logLevel: info\n', 'apiVersion: found null, want operator.config.grove.io/v1alpha1'],
  ['apiVersion: v1\nkind: ConfigMap\n', 'apiVersion: found "v1", want "operator.config.grove.io/v1alpha1"'],
  ['a: [\n', 'want YAML'],
])('a file that is none is refused: %j', (text, complaint) => {
  expect(complaints(text)[0]).toContain(complaint)
})

const folder = mkdtempSync(join(tmpdir(), 'operator-file-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What a command says of a file before it has looked for a cluster. */
async function said(flags: Flags): Promise<{ code: number; errors: string[] }> {
  const errors: string[] = []
  const stop = AbortSignal.abort()
  const quiet = { isTerminal: false, columns: 80, rows: 24, env: {}, cwd: folder, stop }
  const io: Io = { ...quiet, out: () => {}, err: (line) => errors.push(line) }
  return { code: await operator.run([], flags, io), errors }
}

test('a wrong file ends the command with 2: path, place, found and wanted', async () => {
  const config = join(folder, 'wrong.yaml')
  writeFileSync(config, `${HEAD}logLevel: loud\n`)
  const want = 'logLevel: found "loud", want "debug" or "info" or "warn" or "error"'
  expect(await said({ config })).toEqual({ code: 2, errors: [`${config}:3:11: ${want}`] })
})

test('so does one that is not there', async () => {
  await expect(said({ config: join(folder, 'none.yaml') })).rejects.toMatchObject({ code: 2 })
})

test('what the command line says goes before the file', async () => {
  const config = join(folder, 'right.yaml')
  writeFileSync(config, `${HEAD}leaderElection: {leaseDuration: 30s}\n`)
  const { code, errors } = await said({ config, leaseDuration: '5s', renewDeadline: '10s', retryPeriod: '2s' })
  expect([code, errors[0]]).toEqual([2, expect.stringContaining('--lease-duration must exceed')])
})

test('both commands that run the operator take it', () => {
  for (const { flags } of [operator, run]) expect(flags.map(({ usage }) => usage)).toContain('--config <file>')
})
