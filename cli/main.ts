#!/usr/bin/env node
/**
 * The `espalier` command. What Node compiles of it, and the types that it strips, are kept between starts: half of what a
 * scheduler's start costs otherwise. Where the folder cannot be written nothing is kept.
 */
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
if (process.env['NODE_DISABLE_COMPILE_CACHE'] === undefined) {
  module.enableCompileCache?.(join(cache, 'espalier', 'compiled')) // Node 22.8 and newer
}
await import('./program.ts')
