import { messageOf } from '../../cli/command.ts'
import { podGang } from '../peers/pod-gang.ts'
import { type Outcome, rounded } from '../runs/result.ts'
import { nodesOf, type Scenario, type ServingWork } from '../scenario/scenario.ts'
import { aroundTrace, BLIND } from '../traces/round.ts'
import { runServing, type ServingCourse, TookTooLong } from './course.ts'

const SCHEDULERS: readonly ServingCourse['scheduler'][] = ['espalier', 'blind', 'greedy']

/** Virtual time: the same each time, so a round tells as much as ten. */
export async function runServingRound(
  scenario: Scenario,
  serving: ServingWork,
  rival: string,
  signal: AbortSignal,
  tell: ServingCourse['tell'],
): Promise<Outcome> {
  const startMs = performance.now()
  const scheduler = SCHEDULERS.find((each) => each === rival)
  if (scheduler === undefined) throw new Error(`no scheduler ${rival} serves: ${SCHEDULERS.join(', ')}`)
  const words = rival === 'blind' ? BLIND : podGang.words
  try {
    const figures = await runServing({ scenario, serving, scheduler, words, signal, tell })
    const { started, jobs } = figures
    const { bound } = scenario.expect
    const isShort = bound !== 'all' ? started < bound : started < jobs
    return isShort
      ? { kind: 'unbound', bound: started, of: bound === 'all' ? jobs : bound, seconds: 0, words: 'engines and pods' }
      : {
          kind: 'measured',
          figures: aroundTrace(figures, nodesOf(scenario.cluster), rounded(performance.now() - startMs)),
        }
  } catch (error) {
    if (error instanceof TookTooLong) return { kind: 'failed', message: error.message }
    return { kind: 'wrong', faults: [messageOf(error)] }
  }
}
