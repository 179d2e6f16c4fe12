import { spawnSync } from 'node:child_process'
import { arch, cpus, platform, release, totalmem } from 'node:os'
import { inPackage } from '../../cli/package.ts'
import { VERSION } from '../../cli/version.ts'

/** What the figures were measured on, and with. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGib: number
  readonly system: string
  readonly node: string
  readonly espalier: string
  /** The commit of the checkout, with `+` behind it where files were changed; null for a published package. */
  readonly commit: string | null
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${arch()} ${release()}`,
    node: process.version,
    espalier: VERSION,
    commit: commitOf(inPackage('.')),
  }
}

function git(folder: string, args: readonly string[]): string | null {
  const { status, stdout } = spawnSync('git', ['-C', folder, ...args], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}

export function commitOf(folder: string): string | null {
  const head = git(folder, ['rev-parse', '--short', 'HEAD'])
  return head === null
    ? null
    : `${head}${(git(folder, ['status', '--porcelain', '--untracked-files=no']) ?? '') === '' ? '' : '+'}`
}
