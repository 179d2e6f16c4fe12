/**
 * The scheduler's state, queue, loop and planner on one scenario, in a process of its own: `{scenario, round}` on standard
 * input, a `Planned` on standard output. The first of two runs warms the code up; each has a state of its own.
 */
import { json } from 'node:stream/consumers'
import { planOnce, type PlanOrder, type Planned } from '../runs/plan-once.ts'

const order = (await json(process.stdin)) as PlanOrder
const first = planOnce(order)
const planned: Planned = {
  ...planOnce(order),
  coldMs: first.ms,
  residentMegabytes: Math.round(process.resourceUsage().maxRSS / 1_024),
}
process.stdout.write(JSON.stringify(planned))
