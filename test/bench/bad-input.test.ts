import { expect, test } from 'vitest'
import { type Flags, type Io, Refused } from '../../cli/command.ts'
import { benchCompare, benchReport, benchRun } from '../../cli/commands/bench.ts'

const io: Io = {
  out: () => {},
  err: () => {},
  isTerminal: false,
  columns: 100,
  rows: 40,
  env: {},
  cwd: '/nowhere',
  stop: new AbortController().signal,
}
const COMMANDS = { run: benchRun, compare: benchCompare, report: benchReport }

const cases: [command: keyof typeof COMMANDS, args: string[], flags: Flags, told: RegExp][] = [
  ['run', ['no-such'], {}, /^no scenario "no-such"; there are: .*gang-512/],
  ['run', [], {}, /^which\? Name scenarios/],
  ['run', [], { set: 'huge' }, /^--set: found "huge", want one of smoke, quick, full/],
  [
    'run',
    ['gang-512'],
    { depth: 'deep' },
    /^--depth: found "deep", want one of planner, embedded, control-plane, trace/,
  ],
  ['run', ['gang-512'], { peers: 'nomad' }, /^--peers: found "nomad", want one of espalier, kube-pods/],
  ['run', ['gang-512'], { rounds: '0' }, /^--rounds: found "0", want a whole number from 1 to 100/],
  ['run', ['gang-512'], { seed: 'x' }, /^--seed: found "x", want a whole number/],
  ['run', ['gang-512'], { output: 'xml' }, /^--output: found "xml", want one of table, markdown, json/],
  ['run', ['gang-512'], { depth: 'trace' }, /^nothing to run/],
  ['run', [], { filename: ['none.yaml'] }, /^none.yaml: no such file/],
  ['run', ['gang-512'], { against: 'nomad', kubeconfig: 'x' }, /^--against: found "nomad", want one of pods, podgroup/],
  ['run', ['gang-512'], { against: 'kai' }, /^--against needs --kubeconfig/],
  ['run', ['gang-512'], { against: 'kai', kubeconfig: '/none' }, /^--kubeconfig \/none: /],
  ['compare', ['no-such-ref', 'gang-512'], {}, /^no commit "no-such-ref"/],
  ['report', [], { folder: 'none' }, /no such folder/],
]
test.each(cases)('bench %s %j %j is refused with what would be right', async (command, args, flags, told) => {
  const refusal = await COMMANDS[command].run(args, flags, io).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(Refused)
  expect((refusal as Refused).message).toMatch(told)
  expect((refusal as Refused).code).toBe(2)
})
