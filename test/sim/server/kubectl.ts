import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** The machine's kubectl with a home of its own, so that no discovery is cached from another server. */
export interface Kubectl {
  /** Arguments apart by spaces, or as a list; `input` goes to its standard input. */
  run(args: string | readonly string[], input?: unknown): Promise<Ran>
  end(): void
}

export function kubectlOn(url: string): Kubectl {
  const home = mkdtempSync(join(tmpdir(), 'espalier-kubectl-'))
  const kubeconfig = join(home, 'config')
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: url } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  )
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, KUBECONFIG: kubeconfig }
  return {
    run: (args, input) =>
      new Promise((resolve) => {
        const list = typeof args === 'string' ? args.split(' ') : [...args]
        const child = execFile('kubectl', list, { env, timeout: 60_000 }, (error, out, err) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
          resolve({ code, out, err })
        })
        child.stdin?.end(input === undefined ? '' : typeof input === 'string' ? input : JSON.stringify(input))
      }),
    end: () => rmSync(home, { recursive: true, force: true }),
  }
}
