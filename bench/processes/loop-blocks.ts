/**
 * Preloaded into a process that is measured (`node --import`): the longest block of its event loop since the last
 * SIGUSR2, in milliseconds, goes into the file that ESPALIER_LOOP_BLOCKS names on every SIGUSR2. Counted from the first
 * connection on: before it nothing is served, and a process that loads its code has nobody to keep waiting. That first
 * part comes as a second number.
 */
import { subscribe } from 'node:diagnostics_channel'
import { renameSync, writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Finer would make an idle process work: every look is a wake-up. */
const RESOLUTION_MS = 20

const file = process.env['ESPALIER_LOOP_BLOCKS']
const blocks = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
blocks.enable()
const longestMs = (): number => Math.max(0, blocks.max / 1e6 - RESOLUTION_MS)
let loadMs: number | null = null
subscribe('undici:client:beforeConnect', () => {
  if (loadMs !== null) return
  loadMs = longestMs()
  setImmediate(() => blocks.reset()) // what is left of this turn belongs to it
})
process.on('SIGUSR2', () => {
  if (file === undefined) return
  writeFileSync(`${file}.new`, `${longestMs()} ${loadMs ?? longestMs()}`)
  renameSync(`${file}.new`, file)
  blocks.reset()
})
