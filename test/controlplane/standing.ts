/** What a control plane that runs leaves in the working folder, so that `down` finds it. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'

export interface Standing {
  readonly kubeconfig: string
  /** Whoever writes a line there ends the control plane; it closes when that is done. */
  readonly socket: string
}

const FOLDER = '.espalier'
export const STANDING_FILE: string = join(FOLDER, 'controlplane.json')

export function writeStanding(standing: Standing): void {
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(STANDING_FILE, `${JSON.stringify(standing)}\n`, { mode: 0o600 })
}

/** Where a detached control plane writes what it complains of. */
export function logFile(): string {
  mkdirSync(FOLDER, { recursive: true })
  return join(FOLDER, 'controlplane.log')
}

export const removeStanding = (): void => rmSync(STANDING_FILE, { force: true })

function readStanding(): Standing | null {
  try {
    return JSON.parse(readFileSync(STANDING_FILE, 'utf8')) as Standing
  } catch {
    return null // not there, or not ours
  }
}

/** A connection to the control plane that stands; null where nobody answers. */
const reach = ({ socket }: Standing): Promise<Socket | null> =>
  new Promise((resolve) => {
    const reached = connect(socket)
    reached.once('connect', () => resolve(reached))
    reached.once('error', () => resolve(null))
  })

/** The control plane of this folder and a connection to it; null after cleaning up behind one that crashed. */
export async function findStanding(): Promise<{ readonly standing: Standing; readonly reached: Socket } | null> {
  const standing = readStanding()
  const reached = standing === null ? null : await reach(standing)
  if (standing !== null && reached !== null) return { standing, reached }
  removeStanding()
  return null
}
