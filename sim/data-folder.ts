/**
 * A store's content in a folder: `snapshot.jsonl`, what was there at one version, and `log.jsonl`, every write since,
 * one JSON text a line. A write is in the log before it is answered, so the death of the process loses nothing; the
 * log is forced to the disk once a second and at the end, so the death of the machine loses a second at most.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KubeObject } from '../api/kinds/kubernetes.ts'
import type { Clock, Timer } from '../kube/clock.ts'
import { AppendFile, replaceFile } from './append-file.ts'
import type { Change, Persistence, Stored } from './server/persistence.ts'

/** Why a folder cannot be used, as a sentence that says what to do. Nothing in it was changed. */
export class DataFolderError extends Error {}

export interface DataFolder extends Persistence {
  /** What had to be left out of what was read, as sentences. */
  readonly notices: readonly string[]
  /** Forces everything to the disk and gives the folder free. */
  close(): void
}

const FORMAT_FILE = 'espalier-data.json'
const FORMAT = { format: 'espalier-data', version: 1 }
const LOCK_FILE = 'lock'
const FLUSH_MS = 1_000
/** The log is folded into a snapshot when it has this many lines more than twice the objects, or so many bytes. */
const LOG_LINES = 10_000
const LOG_BYTES = 64 * 2 ** 20

const BEGUN = 'begun'
const isBegun = (line: unknown): boolean => (line as { mark?: unknown } | null)?.mark === BEGUN

interface Kept {
  readonly collection: string
  readonly key: string
  readonly object: KubeObject
}

const idOf = (collection: string, key: string): string => `${collection} ${key}`

/** Opens or begins a folder. Throws DataFolderError. */
export function openDataFolder(folder: string, clock: Clock): DataFolder {
  const isNew = checkFolder(folder)
  if (isNew) beginFolder(folder)
  const lock = takeLock(folder)
  try {
    const { stored, notices } = isNew ? { stored: null, notices: [] } : readFolder(folder)
    return new Journal(folder, clock, stored, notices)
  } catch (error) {
    rmSync(lock, { force: true })
    throw error instanceof DataFolderError ? error : notWritten(folder, error)
  }
}

const notWritten = (path: string, error: unknown): DataFolderError =>
  new DataFolderError(`${path} cannot be written: ${String((error as Error).message)}`)

/** True: there is nothing in it yet. */
function checkFolder(folder: string): boolean {
  let names: string[]
  try {
    if (!existsSync(folder)) return true
    if (!statSync(folder).isDirectory()) throw new DataFolderError(`${folder} is a file: name a folder`)
    names = readdirSync(folder).filter((name) => name !== `${FORMAT_FILE}.new`)
  } catch (error) {
    if (error instanceof DataFolderError) throw error
    throw new DataFolderError(`${folder} cannot be read: ${String((error as Error).message)}`)
  }
  if (names.length === 0) return true
  if (!names.includes(FORMAT_FILE)) {
    throw new DataFolderError(`${folder} holds other files and no ${FORMAT_FILE}: name an empty or a new folder`)
  }
  checkFormat(join(folder, FORMAT_FILE))
  return false
}

function checkFormat(file: string): void {
  const found = parsed(readText(file)) as { format?: unknown; version?: unknown } | null
  if (found?.format !== FORMAT.format) throw new DataFolderError(`${file} is not what espalier writes there`)
  if (found.version !== FORMAT.version) {
    throw new DataFolderError(
      `${file}: format version ${String(found.version)}, this espalier reads ${FORMAT.version}: use the one that wrote it`,
    )
  }
}

function beginFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
    replaceFile(join(folder, FORMAT_FILE), [`${JSON.stringify(FORMAT)}\n`])
  } catch (error) {
    throw notWritten(folder, error)
  }
}

/** One process a folder. A lock whose process is gone counts for nothing. */
function takeLock(folder: string): string {
  const file = join(folder, LOCK_FILE)
  if (existsSync(file)) {
    const pid = Number(readText(file))
    if (pid !== process.pid && isRunning(pid)) {
      throw new DataFolderError(
        `${folder} is in use by process ${pid}: stop it first, or remove ${file} if it is another`,
      )
    }
    rmSync(file, { force: true })
  }
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
  } catch (error) {
    throw notWritten(file, error)
  }
  return file
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new DataFolderError(`${file} cannot be read: ${String((error as Error).message)}`)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Lines of a file, without their ends; the last one is torn if no line end follows it. */
function* linesOf(file: string): Generator<{ readonly text: string; readonly at: number; readonly isTorn: boolean }> {
  if (!existsSync(file)) return
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    throw new DataFolderError(`${file} cannot be read: ${String((error as Error).message)}`)
  }
  for (let start = 0, at = 1; start < bytes.length; at++) {
    const end = bytes.indexOf(10, start)
    yield { text: bytes.toString('utf8', start, end < 0 ? bytes.length : end), at, isTorn: end < 0 }
    start = end < 0 ? bytes.length : end + 1
  }
}

const isRecordLine = (value: unknown): value is Kept => {
  const { collection, key, object } = (value ?? {}) as Partial<Kept>
  return typeof collection === 'string' && typeof key === 'string' && typeof object?.metadata === 'object'
}

function isChange(value: unknown): value is Change {
  const { version, collection, key, object } = (value ?? {}) as Partial<Change>
  if (!Number.isInteger(version) || typeof collection !== 'string' || typeof key !== 'string') return false
  return object === null || isRecordLine(value)
}

function readSnapshot(file: string, objects: Map<string, Kept>): number {
  let version = 0
  let count = 0
  let promised = 0
  for (const { text, at } of linesOf(file)) {
    const value = parsed(text)
    if (at === 1)
      ({ version = Number.NaN, count: promised = Number.NaN } = (value ?? {}) as { version?: number; count?: number })
    else if (isRecordLine(value)) objects.set(idOf(value.collection, value.key), value)
    else
      throw new DataFolderError(`${file}:${at}: not a line that espalier writes; restore the folder or take a new one`)
    count = at - 1
  }
  if (!Number.isInteger(version) || count !== promised) {
    throw new DataFolderError(`${file} is incomplete: ${count} objects; restore the folder or take a new one`)
  }
  return version
}

/**
 * Lays the log over the snapshot and says the version; 0: what the store begins with is not there in full. A torn last
 * line is a write that nobody was told of.
 */
function readLog(file: string, objects: Map<string, Kept>, from: number, notices: string[]): number {
  let version = from
  let hasBegun = from > 0
  for (const { text, at, isTorn } of linesOf(file)) {
    const value = parsed(text)
    if (isTorn) {
      notices.push(`${file}:${at}: the last write was cut off half-way and is left out`)
      break
    }
    if (isBegun(value)) {
      hasBegun = true
      continue
    }
    if (!isChange(value)) {
      throw new DataFolderError(`${file}:${at}: not a line that espalier writes; restore the folder or take a new one`)
    }
    // A log that outlived its snapshot's making tells some of it twice.
    if (value.version <= version) continue
    version = value.version
    const { collection, key, object } = value
    if (object === null) objects.delete(idOf(collection, key))
    else objects.set(idOf(collection, key), { collection, key, object })
  }
  return hasBegun ? version : 0
}

function readFolder(folder: string): { stored: Stored | null; notices: string[] } {
  const objects = new Map<string, Kept>()
  const notices: string[] = []
  const first = readSnapshot(join(folder, 'snapshot.jsonl'), objects)
  const version = readLog(join(folder, 'log.jsonl'), objects, first, notices)
  return { stored: version === 0 ? null : { version, objects: [...objects.values()] }, notices }
}

class Journal implements DataFolder {
  readonly stored: Stored | null
  readonly notices: readonly string[]
  readonly #folder: string
  readonly #clock: Clock
  readonly #objects: Map<string, Kept>
  #log: AppendFile
  #lines = 0
  #version: number
  #flush: Timer | null = null

  constructor(folder: string, clock: Clock, stored: Stored | null, notices: readonly string[]) {
    this.stored = stored
    this.notices = notices
    this.#folder = folder
    this.#clock = clock
    this.#objects = new Map((stored?.objects ?? []).map((one) => [idOf(one.collection, one.key), one]))
    this.#version = stored?.version ?? 0
    this.#snapshot()
    this.#log = this.#emptyLog()
  }

  /** Throws DataFolderError, and then nothing of the change is kept. */
  append(change: Change): void {
    const { collection, key, object, version } = change
    this.#write(change)
    if (object === null) this.#objects.delete(idOf(collection, key))
    else this.#objects.set(idOf(collection, key), { collection, key, object })
    this.#version = version
    this.#lines++
    this.#flushSoon()
    if (this.#lines >= LOG_LINES + this.#objects.size * 2 || this.#log.size >= LOG_BYTES) this.#fold()
  }

  begun(): void {
    this.#write({ mark: BEGUN })
    this.#flushSoon()
  }

  #write(line: unknown): void {
    try {
      this.#log.append(`${JSON.stringify(line)}\n`)
    } catch (error) {
      throw notWritten(this.#folder, error)
    }
  }

  close(): void {
    this.#flush?.cancel()
    this.#log.sync()
    this.#log.close()
    rmSync(join(this.#folder, LOCK_FILE), { force: true })
  }

  #flushSoon(): void {
    this.#flush ??= this.#clock.after(FLUSH_MS, 'background', () => {
      this.#flush = null
      this.#log.syncLater()
    })
  }

  /** First the whole snapshot under its name, then an empty log: at no moment is less than everything there. */
  #fold(): void {
    this.#lines = 0
    try {
      this.#snapshot()
      const full = this.#log
      this.#log = this.#emptyLog()
      full.close()
    } catch {
      // The write itself is kept: the log goes on growing, and this is tried again later.
    }
  }

  #snapshot(): void {
    if (this.#version > 0) replaceFile(join(this.#folder, 'snapshot.jsonl'), this.#snapshotLines())
  }

  #emptyLog(): AppendFile {
    return AppendFile.truncated(join(this.#folder, 'log.jsonl'))
  }

  *#snapshotLines(): Generator<string> {
    yield `${JSON.stringify({ version: this.#version, count: this.#objects.size })}\n`
    for (const record of this.#objects.values()) yield `${JSON.stringify(record)}\n`
  }
}
