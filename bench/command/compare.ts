import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Flags, type Io, Refused } from '../../cli/command.ts'
import { inPackage } from '../../cli/package.ts'
import { PEERS } from '../peers/peers.ts'
import { contestantOf, otherCommit } from '../runs/contestant.ts'
import type { Heat } from '../runs/ground.ts'
import { runSession } from '../runs/session.ts'
import { Store } from '../runs/store.ts'
import { askedOf, folderOf, refuseOutput, show } from './run.ts'
import { heatsOf } from './select.ts'

/** Rounds of this checkout and of `ref` take turns. A trace is left out: it has rivals of its own. */
export async function compareBench(ref: string, names: readonly string[], flags: Flags, io: Io): Promise<number> {
  refuseOutput(flags)
  const asked = heatsOf(askedOf(names, flags)).filter(({ depth }) => depth !== 'trace')
  const other = checkOut(ref, io)
  try {
    const ours = contestantOf(PEERS[0]!)
    const contestants = [ours, otherCommit(ours, ref, other.folder)]
    const heats: Heat[] = asked.map((heat) => ({ ...heat, contestants }))
    const store = new Store(folderOf(flags, io))
    await runSession({ heats, store, cluster: null, io })
    return show(store, heats, flags, io)
  } finally {
    other.remove()
  }
}

/** A working tree of its own, which `remove` takes away again. */
function checkOut(ref: string, io: Io): { readonly folder: string; remove(): void } {
  const root = inPackage('.')
  const git = (args: readonly string[]): ReturnType<typeof spawnSync> =>
    spawnSync('git', ['-C', root, ...args], { encoding: 'utf8' })
  if (git(['rev-parse', '--verify', '--quiet', `${ref}^{commit}`]).status !== 0)
    throw new Refused(`no commit ${JSON.stringify(ref)} in ${root}`, 2)
  const parent = mkdtempSync(join(tmpdir(), 'espalier-compare-'))
  const folder = join(parent, 'checkout')
  const added = git(['worktree', 'add', '--detach', '--quiet', folder, ref])
  if (added.status !== 0) throw new Refused(`git worktree add: ${String(added.stderr)}`, 1)
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  if (lockOf(folder) !== lockOf(root))
    io.err(`${ref} has another package-lock.json; it runs with this checkout's packages`)
  return {
    folder,
    remove() {
      git(['worktree', 'remove', '--force', folder])
      rmSync(parent, { recursive: true, force: true })
    },
  }
}

function lockOf(folder: string): string {
  const path = join(folder, 'package-lock.json')
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}
