import { readFileSync } from 'node:fs'

/** The package's version. package.json lies one folder up in a checkout, two up in the published build. */
function readVersion(): string {
  for (const place of ['../package.json', '../../package.json']) {
    try {
      const manifest = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as { version?: string }
      if (manifest.version !== undefined) return manifest.version
    } catch {
      // not here: the other place
    }
  }
  return 'unknown'
}

export const VERSION: string = readVersion()
