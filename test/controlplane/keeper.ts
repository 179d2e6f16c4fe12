/**
 * Runs the programs of one control plane and ends them when its own standard input closes: however its parent goes, by
 * stop, crash or kill -9, the pipe closes and nothing is left behind, nor the folder (its argument). Signals only what it
 * started itself.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, openSync, rmSync } from 'node:fs'
import type { Order, Told } from './kept-programs.ts'

const children = new Map<string, ChildProcess>()

// A signal to the whole process group must not end the keeper before what it keeps: only its closed input does.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.stdout.on('error', () => {}) // the parent is gone: its closed pipe is told by standard input

const tell = (told: Told): void => void process.stdout.write(`${JSON.stringify(told)}\n`)

/** The folder may be gone already, and that must not keep the other programs from being ended. */
function note(log: string, line: string): void {
  try {
    appendFileSync(log, line)
  } catch {
    // nobody is left to read it
  }
}

function start({ program, file, args, log }: Order & { readonly do: 'start' }): void {
  const fd = openSync(log, 'a')
  const child = spawn(file, [...args], { stdio: ['ignore', fd, fd] })
  children.set(program, child)
  child.once('error', (error) => {
    note(log, `*** it does not start: ${error.message}\n`)
    tell({ program, ended: error.message })
  })
  child.once('exit', (code, signal) => {
    note(log, `*** ended with ${code ?? signal}\n`)
    tell({ program, ended: String(code ?? signal) })
  })
  if (child.pid !== undefined) tell({ program, pid: child.pid })
}

function obey(order: Order): void {
  if (order.do === 'start') start(order)
  else children.get(order.program)?.kill(order.signal)
}

let rest = ''
process.stdin.setEncoding('utf8').on('data', (text: string) => {
  const lines = (rest + text).split('\n')
  rest = lines.pop() ?? ''
  for (const line of lines) obey(JSON.parse(line) as Order)
})

function signalAll(signal: NodeJS.Signals): void {
  for (const child of children.values()) child.kill(signal)
}

process.stdin.on('end', () => {
  signalAll('SIGTERM')
  signalAll('SIGCONT') // one that a test has stopped would not hear
  setTimeout(() => signalAll('SIGKILL'), 3_000).unref()
  // The keeper ends by itself once the last child has.
})

process.on('exit', () => {
  const folder = process.argv[2]
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
})
