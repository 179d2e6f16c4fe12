/** The machine's kubectl: the same one for both servers, with a home of its own. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { describe, test } from 'vitest'
import { hasKubectl } from '../cli/espalier.ts'
import { describeBoth, type Server } from './servers.ts'
import { Transcript } from './transcript.ts'

/** Some installs are a dispatcher that runs what suits the server's version: then the newest that lies beside it. */
function findKubectl(): string | null {
  if (!hasKubectl) return null
  const said = spawnSync('kubectl', ['version', '--client'], { encoding: 'utf8' }).stdout
  if (!said.includes('dispatcher')) return 'kubectl'
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = folders.map((folder) => join(folder, 'kubectl')).find((file) => existsSync(file)) ?? 'kubectl'
  const folder = dirname(realpathSync(found))
  const minors = readdirSync(folder).flatMap((name) => /^kubectl\.1\.(\d+)$/.exec(name)?.[1] ?? [])
  const newest = minors.map(Number).sort((a, b) => b - a)[0]
  return newest === undefined ? found : join(folder, `kubectl.1.${newest}`)
}

export const kubectlFile: string | null = findKubectl()

const homes = new Map<Server, string>()

function homeOf(server: Server): string {
  const home = homes.get(server) ?? mkdtempSync(join(tmpdir(), 'espalier-kubectl-'))
  homes.set(server, home)
  return home
}

process.once('exit', () => {
  for (const home of homes.values()) rmSync(home, { recursive: true, force: true })
})

/** Asks that server in that namespace, and nobody else. */
export function kubectlEnvironment(server: Server, namespace: string): Record<string, string> {
  const home = homeOf(server)
  const file = join(home, `${namespace}.kubeconfig`)
  if (!existsSync(file)) {
    const made = spawnSync(kubectlFile ?? 'kubectl', ['config', 'view', '--raw', '--minify', '-o', 'json'], {
      env: { ...process.env, HOME: home, KUBECONFIG: server.kubeconfig },
      encoding: 'utf8',
    })
    const config = JSON.parse(made.stdout) as { contexts: { context: { namespace?: string } }[] }
    for (const { context } of config.contexts) context.namespace = namespace
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
  }
  return { HOME: home, KUBECONFIG: file, KUBECTL_COMMAND_HEADERS: 'false' }
}

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')

type Talk = (title: string, body: (t: Transcript) => Promise<void>) => void

/** A suite of talks, each in a namespace of its own, whose answers are the real server's. */
export function describeAnswers(
  name: string,
  suite: (same: Talk, server: () => Server) => void,
  { needsKubectl = true }: { needsKubectl?: boolean } = {},
): void {
  describe.skipIf(needsKubectl && kubectlFile === null)('answers', () => {
    describeBoth(name, (server) => {
      suite((title, body) => {
        test(title, async () => {
          const transcript = new Transcript(server(), await server().namespace(), `${slug(name)}/${slug(title)}`)
          await body(transcript)
          transcript.holds()
        })
      }, server)
    })
  })
}
