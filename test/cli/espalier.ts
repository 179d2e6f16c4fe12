/** The command as a child process, and the real kubectl beside it, for whole-command tests. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const ROOT: string = join(import.meta.dirname, '..', '..')
const MAIN = join(ROOT, 'cli', 'main.ts')

export const hasKubectl: boolean = spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).status === 0
if (!hasKubectl) process.stderr.write('\n*** kubectl is not on the PATH: every test that needs it is SKIPPED ***\n\n')

export interface Finished {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs a command to its end. */
export function runToEnd(
  file: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<Finished> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      [...args],
      { cwd: options.cwd ?? ROOT, env: { ...process.env, ...options.env }, maxBuffer: 64 * 2 ** 20, timeout: 110_000 },
      (_error, out, err) => resolve({ code: child.exitCode, out, err }),
    )
    if (options.input !== undefined) child.stdin?.end(options.input)
  })
}

export const espalier = (args: readonly string[], options: { cwd?: string; input?: string } = {}): Promise<Finished> =>
  runToEnd(process.execPath, [MAIN, ...args], options)

/** A running `espalier up`, in a folder of its own that is also kubectl's HOME. */
export class Up {
  readonly folder: string
  readonly #child: ChildProcess
  #out = ''

  private constructor(args: readonly string[]) {
    this.folder = mkdtempSync(join(tmpdir(), 'espalier-up-'))
    this.#child = spawn(process.execPath, [MAIN, 'up', ...args], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#out += text))
    }
  }

  /** Resolves when the command has said how to use its cluster. */
  static async start(args: readonly string[]): Promise<Up> {
    const up = new Up(args)
    await up.waitFor(() => up.output.includes('try:'), 'the command to say how to use it')
    return up
  }

  get output(): string {
    return this.#out
  }

  get kubeconfig(): string {
    return join(this.folder, '.espalier', 'kubeconfig')
  }

  get env(): NodeJS.ProcessEnv {
    return { ...process.env, HOME: this.folder, KUBECONFIG: this.kubeconfig }
  }

  kubectl(...args: readonly string[]): Promise<Finished> {
    return runToEnd('kubectl', args, { cwd: this.folder, env: this.env })
  }

  kubectlWith(input: string, ...args: readonly string[]): Promise<Finished> {
    return runToEnd('kubectl', args, { cwd: this.folder, env: this.env, input })
  }

  /** Asks again until it holds; the test's own time limit is the only other end. */
  async waitFor(holds: () => boolean | Promise<boolean>, what: string, withinMs = 60_000): Promise<void> {
    const endMs = performance.now() + withinMs
    while (!(await holds())) {
      if (performance.now() > endMs || this.#child.exitCode !== null) {
        throw new Error(`gave up waiting for ${what}; the command said:\n${this.#out}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  /** Ends it without a word, as a crash does. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Ends the command as Ctrl-C does, and gives its exit code. */
  stop(): Promise<number | null> {
    return this.#end('SIGINT')
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const ended = new Promise<number | null>((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) resolve(this.#child.exitCode)
      this.#child.once('exit', resolve)
    })
    this.#child.kill(signal)
    const code = await ended
    rmSync(this.folder, { recursive: true, force: true })
    return code
  }
}
