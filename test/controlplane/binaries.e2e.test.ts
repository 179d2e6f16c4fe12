/** What a control plane cannot be made of is said, with what to do, and leaves nothing behind. */
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-binaries-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function script(path: string, text: string): void {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
}

/** Runs a piece of code in a process with an empty cache, and only the commands of `bin`. */
function run(code: string, env: Record<string, string>): { out: string; said: string } {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
    env: { PATH: join(folder, 'bin'), ESPALIER_CACHE: join(folder, 'cache'), TMPDIR: join(folder, 'tmp'), ...env },
  })
  return { out: stdout, said: stderr }
}

const find = (mayBuild: boolean): string =>
  `import { findProgram } from '${join(import.meta.dirname, 'binaries.ts')}'; ` +
  `console.log(findProgram('kube-apiserver', { mayBuild: ${mayBuild} }))`

test('KUBEBUILDER_ASSETS without the program is told, and the cache is asked', () => {
  const { out, said } = run(find(false), { KUBEBUILDER_ASSETS: folder })
  expect(out).toBe('null\n')
  expect(said).toContain(`KUBEBUILDER_ASSETS=${folder} holds no kube-apiserver`)
})

test('a program that does not start is not used', () => {
  script(join(folder, 'kube-apiserver'), 'exit 126')
  const { out, said } = run(find(false), { KUBEBUILDER_ASSETS: folder })
  expect(out).toBe('null\n')
  expect(said).toContain('does not start')
})

test('an API server of another minor version is used, and said to be one', () => {
  script(join(folder, 'kube-apiserver'), 'echo Kubernetes v1.35.4')
  const { out, said } = run(find(false), { KUBEBUILDER_ASSETS: folder })
  expect(out).toBe(`${join(folder, 'kube-apiserver')}\n`)
  expect(said).toContain('is Kubernetes v1.35.4, the tests are written for v1.37')
})

test('a build that fails says how to go on, and leaves no half a program', () => {
  script(join(folder, 'bin/go'), 'test "$1" = version && exit 0\necho "dial tcp: no route to host" >&2\nexit 1')
  const { out, said } = run(find(true), {})
  expect(out).toBe('null\n')
  expect(said).toContain('no route to host')
  expect(said).toMatch(/building kube-apiserver failed.*go mod download.*KUBEBUILDER_ASSETS/)
  const left = readdirSync(join(folder, 'cache'), { recursive: true, withFileTypes: true })
  expect(left.filter((each) => each.isFile())).toEqual([])
})

test('a lock whose process is gone, or was this one before, is broken; a living one is waited for and named', () => {
  script(
    join(folder, 'bin/go'),
    'test "$1" = version && exit 0\nwhile [ "$1" != -o ]; do shift; done\n' +
      'echo "#!/bin/sh" > "$2"; echo "echo Kubernetes v1.37.2" >> "$2"; /bin/chmod 755 "$2"',
  )
  const path = run(find(true), {}).out.trim()
  const lock = `${path}.lock`
  const build = (holder: string): { out: string; said: string } => {
    rmSync(path)
    return run(`import { writeFileSync } from 'node:fs'; writeFileSync('${lock}', ${holder}); ${find(true)}`, {})
  }
  expect(build("'999999999'").out).toBe(`${path}\n`)
  expect(build('String(process.pid)').out).toBe(`${path}\n`)
  const release = spawn('/bin/sh', ['-c', `sleep 2; rm ${lock}`])
  const { out, said } = build(`'${process.pid}'`)
  release.kill()
  expect(out).toBe(`${path}\n`)
  expect(said).toContain(`process ${process.pid} builds it: waiting; remove ${lock}`)
  expect(readdirSync(join(path, '..'))).toEqual(['kube-apiserver'])
})

test('a cached program that no longer starts is built anew', () => {
  script(
    join(folder, 'bin/go'),
    'test "$1" = version && exit 0\nwhile [ "$1" != -o ]; do shift; done\n' +
      'echo "#!/bin/sh" > "$2"; echo "echo Kubernetes v1.37.2" >> "$2"; /bin/chmod 755 "$2"',
  )
  const path = run(find(true), {}).out.trim()
  expect(existsSync(path)).toBe(true)
  script(path, 'exit 127')
  const { out, said } = run(find(true), {})
  expect(said).toContain('does not start: it is thrown away and built anew')
  expect(out).toBe(`${path}\n`)
  expect(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout).toContain('v1.37.2')
})

test('a control plane whose programs end is an error with their words; no process and no folder stays', () => {
  const assets = join(folder, 'assets')
  script(join(assets, 'etcd'), 'test "$1" = --version && echo 3.6.8 && exit 0\necho $$ > "$0.pid"; exec /bin/sleep 600')
  script(
    join(assets, 'kube-apiserver'),
    'test "$1" = --version && echo Kubernetes v1.37.2 && exit 0\necho "address already in use"; exit 1',
  )
  mkdirSync(join(folder, 'tmp'))
  const code =
    `import { startControlPlane } from '${join(import.meta.dirname, 'control-plane.ts')}'; ` +
    `await startControlPlane({ controllers: false }).catch((error) => console.log(error.message))`
  const { out } = run(code, { KUBEBUILDER_ASSETS: assets })
  expect(out).toContain('kube-apiserver did not stay up')
  expect(out).toContain('address already in use')
  expect(readdirSync(join(folder, 'tmp'))).toEqual([])
  const pid = spawnSync('/bin/cat', [join(assets, 'etcd.pid')], { encoding: 'utf8' }).stdout.trim()
  expect(Number(pid)).toBeGreaterThan(0)
  expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
})
