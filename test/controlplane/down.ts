/** `npm run controlplane -- down`: asks the one that stands to end, and waits until it has. */
import { once } from 'node:events'
import { findStanding, STANDING_FILE } from './standing.ts'

/** The exit code: 0 also where nothing runs, so that a script may say it twice. */
export async function down(): Promise<number> {
  const found = await findStanding()
  if (found === null) {
    process.stdout.write(`no control plane runs here (${STANDING_FILE} names none)\n`)
    return 0
  }
  found.reached.write('end\n')
  await once(found.reached.resume(), 'close')
  process.stdout.write('ended\n')
  return 0
}
