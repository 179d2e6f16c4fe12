/** Where the control plane's programs come from: KUBEBUILDER_ASSETS, else a cache, else built once from Go modules. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export type Program = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler'

/** kubectl and clients read the version; an unstamped build calls itself v0.0.0. */
const KUBERNETES_VERSION = 'v1.37.2'
const stamp = (name: string, value: string): string => `-X k8s.io/component-base/version.${name}=${value}`
const LINKER_FLAGS = [
  '-s -w',
  stamp('gitVersion', KUBERNETES_VERSION),
  stamp('gitMajor', '1'),
  stamp('gitMinor', '37'),
  stamp('gitTreeState', 'clean'),
].join(' ')

const SOURCES: Readonly<Record<Program, { readonly module: string; readonly main: string }>> = {
  etcd: { module: 'etcd', main: 'go.etcd.io/etcd/server/v3' },
  'kube-apiserver': { module: 'kubernetes', main: 'k8s.io/kubernetes/cmd/kube-apiserver' },
  'kube-controller-manager': { module: 'kubernetes', main: 'k8s.io/kubernetes/cmd/kube-controller-manager' },
  'kube-scheduler': { module: 'kubernetes', main: 'k8s.io/kubernetes/cmd/kube-scheduler' },
}

const folderOf = (program: Program): string => join(import.meta.dirname, SOURCES[program].module)

/** One folder a set of module versions, so that a change of go.sum builds anew and old ones stay usable. */
function cacheFolder(program: Program): string {
  const versions = createHash('sha256')
    .update(LINKER_FLAGS)
    .update(readFileSync(join(folderOf(program), 'go.sum')))
    .digest('hex')
    .slice(0, 12)
  const base =
    process.env['ESPALIER_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'espalier')
  return join(base, 'controlplane', versions)
}

const hasGo = (): boolean => spawnSync('go', ['version'], { stdio: 'ignore' }).status === 0

/** Builds beside the final name and renames, so that a build cut short leaves nothing that looks finished. */
function build(program: Program, target: string): boolean {
  process.stderr.write(`building ${program} once into ${target} (minutes)\n`)
  const built = spawnSync(
    'go',
    ['build', '-trimpath', `-ldflags=${LINKER_FLAGS}`, '-o', `${target}.part`, SOURCES[program].main],
    {
      cwd: folderOf(program),
      env: { ...process.env, CGO_ENABLED: '0' },
      stdio: ['ignore', 2, 2],
    },
  )
  if (built.status === 0) renameSync(`${target}.part`, target)
  return built.status === 0
}

/** The program's path, or null where it is not there and cannot be built. */
export function findProgram(program: Program, options: { readonly mayBuild: boolean }): string | null {
  const assets = process.env['KUBEBUILDER_ASSETS']
  if (assets !== undefined && existsSync(join(assets, program))) return join(assets, program)
  const folder = cacheFolder(program)
  const target = join(folder, program)
  if (existsSync(target)) return target
  if (!options.mayBuild || !hasGo()) return null
  mkdirSync(folder, { recursive: true })
  return build(program, target) ? target : null
}

/** All of them, or null after a loud line that says what is missing. */
export function findPrograms<P extends Program>(
  programs: readonly P[],
  options: { readonly mayBuild: boolean },
): Readonly<Record<P, string>> | null {
  const found = programs.map((program) => [program, findProgram(program, options)] as const)
  const missing = found.filter(([, path]) => path === null).map(([program]) => program)
  if (missing.length === 0) return Object.fromEntries(found) as Record<P, string>
  process.stderr.write(
    `\n*** no ${missing.join(', ')}: set KUBEBUILDER_ASSETS, or install Go; tests on real Kubernetes are SKIPPED ***\n\n`,
  )
  return null
}
