/**
 * Preloaded into a process that is measured (`node --import`): the longest block of its event loop since the last
 * SIGUSR2, in milliseconds, goes into the file that ESPALIER_LOOP_BLOCKS names on every SIGUSR2. Counted from the first
 * connection on: a process that loads its code keeps nobody waiting. How long that took comes as a second number.
 */
import { subscribe } from 'node:diagnostics_channel'
import { renameSync, writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Finer would make an idle process work: every look is a wake-up. */
const RESOLUTION_MS = 20

const file = process.env['ESPALIER_LOOP_BLOCKS']
const blocks = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
let loadedMs: number | null = null
subscribe('undici:client:beforeConnect', () => {
  if (loadedMs !== null) return
  loadedMs = performance.now()
  blocks.enable()
})
process.on('SIGUSR2', () => {
  if (file === undefined) return
  writeFileSync(`${file}.new`, `${Math.max(0, blocks.max / 1e6 - RESOLUTION_MS)} ${loadedMs ?? performance.now()}`)
  renameSync(`${file}.new`, file)
  blocks.reset()
})
