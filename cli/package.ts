import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The package's folder lies one up in a checkout, two up in the published build. */
const FOLDERS = ['../', '../../'].map((up) => new URL(up, import.meta.url))

/** The path of a file that comes with the package. */
export function inPackage(path: string): string {
  const places = FOLDERS.map((folder) => fileURLToPath(new URL(path, folder)))
  return places.find(existsSync) ?? places[0] ?? path
}
