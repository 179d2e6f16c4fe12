// Runs a TypeScript entry point on the Node that the lockfile pins, after installing what a fresh clone lacks.
// Plain JavaScript without dependencies: it must run on any Node >= 20, before anything is installed.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const stampFile = join(root, 'node_modules', '.espalier-lock')
const node = join(root, 'node_modules', '.bin', 'node')
const lockHash = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')

function isInstalled() {
  return existsSync(node) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === lockHash
}

/**
 * Installs the lockfile's versions without writing to it; the stamp says for which lockfile it was done. Not `npm ci`:
 * that refuses where a mirror lacks the optional packages of platforms that are not this one.
 */
function install() {
  process.stderr.write('espalier: installing dependencies (once per lockfile)\n')
  const done = spawnSync('npm', ['install', '--no-save', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (done.status !== 0) {
    process.stderr.write('espalier: npm install failed; see the lines above\n')
    process.exit(done.status ?? 1)
  }
  writeFileSync(stampFile, lockHash)
}

if (!isInstalled()) install()

const [entry, ...args] = process.argv.slice(2)
const child = spawn(node, [join(root, entry), ...args], { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 130 : 1)))
