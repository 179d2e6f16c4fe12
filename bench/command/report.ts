import { existsSync } from 'node:fs'
import { type Flags, type Io, Refused } from '../../cli/command.ts'
import { Store } from '../runs/store.ts'
import { folderOf, print, refuseOutput } from './run.ts'

export function reportBench(flags: Flags, io: Io): number {
  refuseOutput(flags)
  const folder = folderOf(flags, io)
  if (!existsSync(folder)) throw new Refused(`--folder ${folder}: no such folder; espalier bench run makes one`, 2)
  const store = new Store(folder)
  print(store, store.results, flags, io)
  return 0
}
