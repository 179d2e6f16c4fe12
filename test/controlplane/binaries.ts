/** Where the control plane's programs come from: KUBEBUILDER_ASSETS, else a cache, else built once from Go modules. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export type Program = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kwok' | 'kubectl'

/** kubectl and clients read the version; an unstamped build calls itself v0.0.0. */
const KUBERNETES_VERSION = 'v1.37.2'
const stamp = (name: string, value: string): string => `-X k8s.io/component-base/version.${name}=${value}`
const KUBERNETES_FLAGS = [
  '-s -w',
  stamp('gitVersion', KUBERNETES_VERSION),
  stamp('gitMajor', '1'),
  stamp('gitMinor', '37'),
  stamp('gitTreeState', 'clean'),
].join(' ')
const KWOK_FLAGS = '-s -w -X sigs.k8s.io/kwok/pkg/consts.Version=v0.8.0'

interface Source {
  /** The Go module whose versions it is built from: a folder beside this file. */
  readonly module: string
  readonly main: string
  readonly linkerFlags: string
}

const kubernetes = (name: string, module = 'kubernetes'): Source => ({
  module,
  main: `k8s.io/kubernetes/cmd/${name}`,
  linkerFlags: KUBERNETES_FLAGS,
})

const SOURCES: Readonly<Record<Program, Source>> = {
  etcd: { module: 'etcd', main: 'go.etcd.io/etcd/server/v3', linkerFlags: KUBERNETES_FLAGS },
  'kube-apiserver': kubernetes('kube-apiserver'),
  'kube-controller-manager': kubernetes('kube-controller-manager'),
  'kube-scheduler': kubernetes('kube-scheduler'),
  kwok: { module: 'kwok', main: 'sigs.k8s.io/kwok/cmd/kwok', linkerFlags: KWOK_FLAGS },
  kubectl: kubernetes('kubectl', 'kubectl'),
}

const folderOf = (program: Program): string => join(import.meta.dirname, SOURCES[program].module)

/** One folder a set of module versions, so that a change of go.sum builds anew and old ones stay usable. */
function cacheFolder(program: Program): string {
  const versions = createHash('sha256')
    .update(SOURCES[program].linkerFlags)
    .update(readFileSync(join(folderOf(program), 'go.sum')))
    .digest('hex')
    .slice(0, 12)
  const base =
    process.env['ESPALIER_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'espalier')
  return join(base, 'controlplane', versions)
}

const hasGo = (): boolean => spawnSync('go', ['version'], { stdio: 'ignore' }).status === 0

const isAlive = (pid: number): boolean => {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const LOOK_EVERY_MS = 500

/** False: somebody has it. It appears with the process id in it, so that nobody takes a new one for a dead one's. */
function tryLock(lock: string): boolean {
  const own = `${lock}.${process.pid}`
  writeFileSync(own, String(process.pid))
  try {
    linkSync(own, lock)
    return true
  } catch {
    return false
  } finally {
    rmSync(own)
  }
}

function holderOf(lock: string): number {
  try {
    return Number(readFileSync(lock, 'utf8'))
  } catch {
    return 0 // it was given back meanwhile
  }
}

/** Waits while another process builds the same program; its lock names it, and a dead one's lock is broken. */
function takeLock(lock: string): void {
  for (let isTold = false; !tryLock(lock); ) {
    const holder = holderOf(lock)
    if (holder === process.pid || !isAlive(holder)) rmSync(lock, { force: true })
    else {
      if (!isTold) say(`process ${holder} builds it: waiting; remove ${lock} if that is another process`)
      isTold = true
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_EVERY_MS)
    }
  }
}

/** One builder a program; whoever waited for another finds what that one has built. */
function buildOnce(program: Program, target: string): boolean {
  const lock = `${target}.lock`
  takeLock(lock)
  try {
    return fromCache(program, target) !== null || build(program, target)
  } finally {
    rmSync(lock, { force: true })
  }
}

/**
 * Builds beside the final name and renames, so that a build cut short leaves nothing that looks finished. Every builder
 * has a file of its own: where two broke the lock of a dead one at once, both build, and either's program is whole.
 */
function build(program: Program, target: string): boolean {
  const part = `${target}.part.${process.pid}`
  say(`building ${program} once into ${target} (minutes)`)
  const built = spawnSync(
    'go',
    ['build', '-trimpath', `-ldflags=${SOURCES[program].linkerFlags}`, '-o', part, SOURCES[program].main],
    {
      cwd: folderOf(program),
      env: { ...process.env, CGO_ENABLED: '0' },
      stdio: ['ignore', 2, 2],
    },
  )
  if (built.status === 0) {
    renameSync(part, target)
    return true
  }
  rmSync(part, { force: true })
  say(
    `building ${program} failed, as Go says above. Without a network: run \`go mod download\` in ` +
      `test/controlplane/${SOURCES[program].module} where there is one, or set KUBEBUILDER_ASSETS to a folder with the programs`,
  )
  return false
}

const say = (line: string): void => void process.stderr.write(`${line}\n`)

/** What the program calls its version; null when it does not start. */
function versionOf(program: Program, path: string): string | null {
  const args = program === 'kubectl' ? ['version', '--client'] : ['--version']
  const { status, stdout } = spawnSync(path, args, { encoding: 'utf8', timeout: 20_000 })
  return status === 0 ? (/v?\d+\.\d+\.\d+\S*/.exec(stdout)?.[0] ?? '') : null
}

const minorOf = (version: string): string => version.split('.').slice(0, 2).join('.')

/** The program of KUBEBUILDER_ASSETS, if it is there and starts; says what is wrong where it is not. */
function fromAssets(program: Program): string | null {
  const assets = process.env['KUBEBUILDER_ASSETS']
  if (assets === undefined || assets === '') return null
  const path = join(assets, program)
  if (!existsSync(path)) {
    say(`KUBEBUILDER_ASSETS=${assets} holds no ${program}: looking for it in the cache`)
    return null
  }
  const version = versionOf(program, path)
  if (version === null) {
    say(`${path} does not start (another system or architecture?): looking for ${program} in the cache`)
    return null
  }
  const isOther = program === 'kube-apiserver' && minorOf(version) !== minorOf(KUBERNETES_VERSION)
  if (isOther) {
    say(
      `${path} is Kubernetes ${version}, the tests are written for ${KUBERNETES_VERSION}: what differs may be the server's age; ` +
        'unset KUBEBUILDER_ASSETS to use that version',
    )
  }
  return path
}

/** The program of the cache; one that does not start any more is thrown away. */
function fromCache(program: Program, target: string): string | null {
  if (!existsSync(target)) return null
  if (versionOf(program, target) !== null) return target
  say(`${target} does not start: it is thrown away and built anew`)
  rmSync(target)
  return null
}

/** The program's path, or null where it is not there and cannot be built. */
export function findProgram(program: Program, options: { readonly mayBuild: boolean }): string | null {
  const folder = cacheFolder(program)
  const target = join(folder, program)
  const found = fromAssets(program) ?? fromCache(program, target)
  if (found !== null || !options.mayBuild || !hasGo()) return found
  mkdirSync(folder, { recursive: true })
  return buildOnce(program, target) ? target : null
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
