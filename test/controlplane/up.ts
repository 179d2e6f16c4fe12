/** `npm run controlplane -- up`: a control plane until Ctrl-C or `down`, or in a process of its own with `--detach`. */
import { spawn } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Node } from '../../api/kinds/kubernetes.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import type { KubeClient } from '../../kube/client.ts'
import { loadConfig } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { NODES } from '../../kube/resources.ts'
import { SHAPES } from '../../sim/shapes.ts'
import { type ControlPlane, NATIVE_GANGS, startControlPlane } from './control-plane.ts'
import { createNodes } from './nodes.ts'
import { freePort } from './ports.ts'
import { findStanding, logFile, removeStanding, writeStanding } from './standing.ts'
import { startTurns } from './turns.ts'

export interface UpOptions {
  readonly nodes: number
  readonly shape: string
  readonly heartbeats: boolean
  readonly scheduler: boolean
  readonly nativeGangs: boolean
  readonly port: number
  readonly detach: boolean
}

/** Said once it is up; who started it detached waits for it. */
const LAST_LINE = 'end it with Ctrl-C or `npm run controlplane -- down`'

const LOOK_EVERY_MS = 200

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const complain = (line: string): void => void process.stderr.write(`${line}\n`)

/** What stands in the way of starting; null: nothing. */
async function obstacle({ port }: UpOptions): Promise<string | null> {
  const found = await findStanding()
  found?.reached.destroy()
  if (found !== null)
    return `one runs here already: KUBECONFIG=${found.standing.kubeconfig}; end it with \`npm run controlplane -- down\``
  try {
    await freePort(port)
    return null
  } catch (error) {
    return `port ${port} cannot be used (${String(error)}): give another with --port, or leave it out for a free one`
  }
}

/** Resolves with the way to let `down` go, once somebody asks for the end: a signal, or a line on the socket. */
function askedToEnd(server: Server): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve())
    server.on('connection', (socket) => {
      socket.on('error', () => {})
      socket.once('data', () => resolve())
    })
  })
}

const isReady = ({ status }: Node): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true

/** Until kwok has seen to every node; rejects when a program has ended meanwhile. */
async function untilReady(plane: ControlPlane, client: KubeClient): Promise<void> {
  for (;;) {
    plane.checkAlive()
    const { items } = valueOrThrow(await client.list<Node>(NODES))
    if (items.every(isReady)) return
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

/** Fills the control plane; gives the way to stop what runs in this process. */
async function furnish(plane: ControlPlane, { nodes, shape }: UpOptions): Promise<() => Promise<void>> {
  const transport = httpTransport(await loadConfig({ kubeconfig: plane.kubeconfig }))
  const client = kubeClient(transport)
  await createNodes(client, SHAPES[shape]?.(nodes) ?? [])
  await untilReady(plane, client)
  const turns = await startTurns(client, complain)
  return async () => {
    await turns.stop()
    await transport.close()
  }
}

async function stand(plane: ControlPlane, options: UpOptions, startedMs: number): Promise<void> {
  const socket = join(plane.folder, 'down.sock')
  const server = createServer()
  const end = askedToEnd(server)
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  const leave = await Promise.race([furnish(plane, options), end])
  if (leave === undefined) return // asked to end while it was being filled
  writeStanding({ kubeconfig: plane.kubeconfig, socket })
  say(`up after ${((performance.now() - startedMs) / 1_000).toFixed(1)} s: ${Object.keys(plane.pids()).join(', ')}`)
  if (options.nodes > 0) say(`${options.nodes} nodes of ${options.shape}`)
  say(`export KUBECONFIG=${plane.kubeconfig}`)
  say(LAST_LINE)
  await end
  removeStanding()
  await leave()
}

/** The exit code, once it has ended. */
async function stay(options: UpOptions): Promise<number> {
  const startedMs = performance.now()
  const { nativeGangs, heartbeats, port } = options
  const plane = await startControlPlane({
    mayBuild: true,
    kwok: true,
    scheduler: options.scheduler || nativeGangs,
    heartbeats,
    port,
    ...(nativeGangs ? NATIVE_GANGS : {}),
  })
  if (plane === null) return 1
  try {
    await stand(plane, options, startedMs)
  } finally {
    await plane.stop()
  }
  return 0
}

/**
 * Starts the same command in a session of its own, and passes on what it says until it is up or has failed. What it
 * complains of goes to a file: an inherited pipe would keep whoever reads ours waiting for as long as it runs.
 */
function detach(): Promise<number> {
  const args = process.argv.slice(1).filter((arg) => arg !== '--detach')
  const log = openSync(logFile(), 'w')
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'pipe', log] })
  if (child.stdout === null) throw new Error('no pipe')
  const lines = createInterface({ input: child.stdout })
  return new Promise((resolve) => {
    child.once('exit', (code) => {
      process.stderr.write(readFileSync(logFile(), 'utf8'))
      resolve(code ?? 1)
    })
    lines.on('line', (line) => {
      say(line)
      if (line === LAST_LINE) resolve(0)
    })
  })
}

export async function up(options: UpOptions): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {}) // a terminal that was closed
  const why = await obstacle(options)
  if (why !== null) {
    complain(why)
    return 1
  }
  try {
    return options.detach ? await detach() : await stay(options)
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error))
    return 1
  }
}
