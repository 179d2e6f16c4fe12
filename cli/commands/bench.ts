/** `espalier bench`: the same work beside other schedulers. What it runs is loaded only when it is asked for. */
import type { Command } from '../command.ts'

const FOLDER = {
  usage: '--folder <folder>',
  summary: 'where results are kept; a run that was stopped goes on from there',
  default: '.espalier/bench',
}
const OUTPUT = {
  usage: '-o, --output <format>',
  summary: 'table, markdown, or json (one object a line)',
  default: 'table',
}

export const benchList: Command = {
  name: 'bench list',
  summary: 'The scenarios and schedulers that there are',
  flags: [OUTPUT],
  async run(_args, flags, io) {
    const { listBench } = await import('../../bench/command/list.ts')
    return listBench(flags, io)
  },
}

const CHOICE = [
  { usage: '-f, --filename <file...>', summary: 'scenario files of your own (bench/scenarios has examples)' },
  { usage: '--set <name>', summary: 'smoke, quick or full: the scenarios of that set' },
  { usage: '--quick', summary: 'the same as --set quick: one round of each scheduler, some ten minutes' },
  { usage: '--depth <name>', summary: 'planner, embedded, control-plane or trace; else all that a scenario has' },
  { usage: '--rounds <count>', summary: 'rounds of each scheduler; else what the scenario says, one of the quick set' },
  { usage: '--seed <number>', summary: 'else what the scenario says' },
]

export const benchRun: Command = {
  name: 'bench run',
  summary: 'Measure scenarios, by name, by set or from files, and write a table, results and a report',
  arguments: ['[name...]'],
  flags: [
    ...CHOICE,
    { usage: '--peers <names>', summary: 'only these schedulers, with commas between them' },
    { usage: '--against <name>', summary: 'beside a scheduler that runs in the cluster of --kubeconfig' },
    { usage: '--kubeconfig <file>', summary: 'that cluster' },
    { usage: '--scheduler-name <name>', summary: 'its schedulerName, where it is not the usual one' },
    { usage: '--not-empty', summary: 'use the nodes of a cluster in which something runs' },
    FOLDER,
    OUTPUT,
  ],
  examples: `A round is timed only after one checker for all schedulers has seen that every pod that fits is bound, no node holds
more than it has, gangs are whole and required levels are kept. Rounds of the schedulers take turns on one control plane.
Every round is kept at once: Ctrl-C loses the one under way, and the same command goes on from there.

Exit 0 when Espalier did its work, 1 when it did not or the run was stopped, 2 for input that cannot be read.

Examples:
  espalier bench run gangs-1000x8
  espalier bench run --quick
  espalier bench run gangs-1000x8 --against volcano --kubeconfig ~/.kube/config --not-empty`,
  async run(args, flags, io) {
    const { runBench } = await import('../../bench/command/run.ts')
    return runBench(args, flags, io)
  },
}

export const benchCompare: Command = {
  name: 'bench compare',
  summary: 'Measure this checkout beside another commit of it, in interleaved rounds on the same servers',
  arguments: ['<ref>', '[name...]'],
  flags: [...CHOICE, FOLDER, OUTPUT],
  examples: `The other commit is checked out beside this one for as long as it takes, with this checkout's node_modules.

Example:
  espalier bench compare HEAD~1 gangs-1000x8 --depth embedded --rounds 5`,
  async run([ref = '', ...names], flags, io) {
    const { compareBench } = await import('../../bench/command/compare.ts')
    return compareBench(ref, names, flags, io)
  },
}

export const benchReport: Command = {
  name: 'bench report',
  summary: 'Show again what a folder holds: the table, and the report as one HTML page',
  flags: [FOLDER, OUTPUT],
  async run(_args, flags, io) {
    const { reportBench } = await import('../../bench/command/report.ts')
    return reportBench(flags, io)
  },
}
