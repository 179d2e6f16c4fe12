import { closeSync, fdatasync, fdatasyncSync, fsyncSync, ftruncateSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** How much is gathered before it is written, in UTF-16 code units. */
const CHUNK = 1 << 20

/** A file that only grows, by whole texts: one that could not be written in full leaves no trace. */
export class AppendFile {
  readonly #file: number
  #size = 0
  #isOpen = true

  private constructor(file: number) {
    this.#file = file
  }

  static truncated(path: string): AppendFile {
    closeSync(openSync(path, 'w', 0o600))
    // For appending, so that a write after a truncation begins at the new end.
    return new AppendFile(openSync(path, 'a'))
  }

  /** In bytes. */
  get size(): number {
    return this.#size
  }

  /** Throws what the file system says; then the file is as before. */
  append(text: string): void {
    try {
      this.#size += writeWhole(this.#file, text)
    } catch (error) {
      ftruncateSync(this.#file, this.#size)
      throw error
    }
  }

  sync(): void {
    if (this.#isOpen) fdatasyncSync(this.#file)
  }

  /** Asks for it and does not wait: the next second will ask again. */
  syncLater(): void {
    if (this.#isOpen) fdatasync(this.#file, () => {})
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    closeSync(this.#file)
  }
}

/** Says how many bytes that were. */
function writeWhole(file: number, text: string): number {
  const bytes = Buffer.from(text)
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
  return bytes.length
}

/** Puts a whole new file in the place of an old one: whoever opens it sees the one or the other, also after a crash. */
export function replaceFile(path: string, texts: Iterable<string>): void {
  const beside = `${path}.new`
  const file = openSync(beside, 'w', 0o600)
  try {
    let waiting = ''
    for (const text of texts) {
      waiting += text
      if (waiting.length < CHUNK) continue
      writeWhole(file, waiting)
      waiting = ''
    }
    writeWhole(file, waiting)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(beside, path)
  syncFolder(dirname(path))
}

/** A rename is safe once its folder is. Some file systems will not sync a folder: then there is nothing to do. */
function syncFolder(path: string): void {
  try {
    const folder = openSync(path, 'r')
    fsyncSync(folder)
    closeSync(folder)
  } catch {
    // The new name is there for every process; only a crash of the machine could undo it.
  }
}
