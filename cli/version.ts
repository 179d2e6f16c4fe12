import { readFileSync } from 'node:fs'
import { inPackage } from './package.ts'

function readVersion(): string {
  const manifest = JSON.parse(readFileSync(inPackage('package.json'), 'utf8')) as { version?: string }
  return manifest.version ?? 'unknown'
}

/** The package's version. */
export const VERSION: string = readVersion()
