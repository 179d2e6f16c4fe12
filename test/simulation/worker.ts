/** One thread of pool.ts: seeds in, outcomes out. */
import { parentPort } from 'node:worker_threads'
import { runSeed } from './run-seed.ts'

const port = parentPort
if (port === null) throw new Error('worker.ts is a thread of pool.ts')
port.on('message', (seed: number) => {
  void runSeed(seed).then((outcome) => port.postMessage(outcome))
})
