/** `espalier explain`: why a PodGang is pending or placed where it is, asked of a running scheduler or of manifests. */
import type { Explanation } from '../../api/explanation.ts'
import { SCHEDULER_NAME } from '../../api/names.ts'
import { type Command, type Flags, type Io, Refused, text, texts } from '../command.ts'
import { explanationText } from '../explanation-text.ts'
import { readManifests } from '../input.ts'
import { askScheduler, reportUrl } from '../report-client.ts'
import { simulateManifests } from '../simulation.ts'

interface Asked {
  readonly namespace: string
  readonly name: string
}

/** `name`, or `namespace/name` as `kubectl get -A` and our own output write it. */
function askedOf(argument: string, flags: Flags): Asked {
  const [first = '', second] = argument.split('/')
  if (second === undefined) return { namespace: text(flags, 'namespace') ?? 'default', name: first }
  return { namespace: first, name: second }
}

async function fromManifests(files: readonly string[], asked: Asked, flags: Flags, io: Io): Promise<Explanation> {
  const input = readManifests(files)
  if (input.kind === 'unreadable') throw new Refused(input.errors.join('\n'), 2)
  const names = texts(flags, 'schedulerName')
  let found: Explanation | null = null
  const { gangs, ignored } = await simulateManifests(input.manifests, {
    schedulerNames: names.length > 0 ? names : [SCHEDULER_NAME],
    defaultPack: text(flags, 'defaultPack') === 'none' ? 'none' : 'narrowest',
    onTrouble: (message) => io.err(message),
    onSettled: (scheduler) => {
      const answer = scheduler.explain(asked.namespace, asked.name)
      if (answer.kind === 'explained') found = answer.explanation
    },
  })
  for (const { at, kind, name, message } of ignored) io.err(`${at}: ignored ${kind} ${name}: ${message}`)
  if (found !== null) return found
  throw new Refused(
    notFound(
      asked,
      gangs.map(({ namespace, name }) => `${namespace}/${name}`),
    ),
    1,
  )
}

const NAMES_MAX = 10

function notFound({ namespace, name }: Asked, known: readonly string[]): string {
  const some = known.slice(0, NAMES_MAX).join(', ')
  const more = known.length > NAMES_MAX ? ` and ${known.length - NAMES_MAX} more` : ''
  const there = known.length === 0 ? 'there is none' : `there are ${some}${more}`
  return `no PodGang ${namespace}/${name}: ${there}`
}

async function fromScheduler(asked: Asked, flags: Flags, io: Io): Promise<Explanation> {
  const source = reportUrl(text(flags, 'reportUrl'), io)
  const answer = await askScheduler(source, asked, io.stop)
  if (answer.kind === 'explained') return answer.explanation
  throw new Refused(answer.kind === 'unknown' ? notFound(asked, answer.known) : answer.message, 1)
}

function wrongFlag(flags: Flags): string | null {
  const output = text(flags, 'output')
  if (output !== 'text' && output !== 'json') return `--output: found "${output}", want text or json`
  const pack = text(flags, 'defaultPack')
  if (pack !== 'narrowest' && pack !== 'none') return `--default-pack: found "${pack}", want narrowest or none`
  return null
}

export const explain: Command = {
  name: 'explain',
  summary: 'Say why a PodGang is pending or placed where it is, and the smallest change that would let it in',
  arguments: ['<podgang>'],
  flags: [
    { usage: '-n, --namespace <name>', summary: 'of the PodGang; or write NAMESPACE/NAME', default: 'default' },
    { usage: '-o, --output <format>', summary: 'text or json', default: 'text' },
    {
      usage: '--report-url <url>',
      summary:
        'report service of the scheduler, `run --listen`; without it $ESPALIER_REPORT_URL, then .espalier/report-url of `espalier up`, then http://127.0.0.1:8090',
    },
    {
      usage: '-f, --filename <file...>',
      summary: 'ask manifests instead of a scheduler, as `espalier simulate` reads them',
    },
    {
      usage: '--scheduler-name <name...>',
      summary: `with -f: schedulerName of the pods to place (default: ${SCHEDULER_NAME})`,
    },
    {
      usage: '--default-pack <policy>',
      summary: 'with -f: narrowest or none, what a gang without pack prefers',
      default: 'narrowest',
    },
  ],
  examples: `Exit 0 when it is explained, 1 when there is no such PodGang or no scheduler answers, 2 for input that cannot be read.

Examples:
  espalier explain my-set-0                                  # beside npm start
  espalier explain -n team-a my-set-0 --report-url http://127.0.0.1:8090
  espalier explain my-set-0 -f cluster.yaml -f my-set.yaml   # without a cluster`,
  async run([argument = ''], flags, io) {
    const wrong = wrongFlag(flags)
    if (wrong !== null) {
      io.err(wrong)
      return 2
    }
    const asked = askedOf(argument, flags)
    const files = texts(flags, 'filename')
    const explanation =
      files.length > 0 ? await fromManifests(files, asked, flags, io) : await fromScheduler(asked, flags, io)
    if (text(flags, 'output') === 'json') io.out(JSON.stringify(explanation, null, 2))
    else for (const line of explanationText(explanation)) io.out(line)
    return 0
  },
}
