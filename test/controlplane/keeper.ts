/**
 * Runs the programs of one control plane and ends them when its own standard input closes: however its parent goes, by
 * stop, crash or kill -9, the pipe closes and nothing is left behind. Ends only what it started itself.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, openSync } from 'node:fs'

/** Stands in a program's log once it has ended, so that nobody waits for it. */
const ENDED = '*** ended:'

interface Start {
  readonly file: string
  readonly args: readonly string[]
  readonly log: string
}

const children: ChildProcess[] = []

// A signal to the whole process group must not end the keeper before what it keeps: only its closed input does.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

/** The folder may be gone already, and that must not keep the other programs from being ended. */
function note(log: string, line: string): void {
  try {
    appendFileSync(log, line)
  } catch {
    // nobody is left to read it
  }
}

function start({ file, args, log }: Start): void {
  const fd = openSync(log, 'a')
  const child = spawn(file, [...args], { stdio: ['ignore', fd, fd] })
  child.once('error', (error) => note(log, `${ENDED} it does not start: ${error.message}\n`))
  child.once('exit', (code, signal) => note(log, `${ENDED} with ${code ?? signal}\n`))
  children.push(child)
}

let rest = ''
process.stdin.setEncoding('utf8').on('data', (text: string) => {
  const lines = (rest + text).split('\n')
  rest = lines.pop() ?? ''
  for (const line of lines) start(JSON.parse(line) as Start)
})

process.stdin.on('end', () => {
  for (const child of children) child.kill('SIGTERM')
  const hard = setTimeout(() => {
    for (const child of children) child.kill('SIGKILL')
  }, 3_000)
  hard.unref()
  // The keeper ends by itself once the last child has.
})
