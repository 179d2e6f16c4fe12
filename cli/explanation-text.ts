/** An explanation as people read it in a terminal. Nothing is decided here: every figure is the explanation's. */
import type {
  Change,
  Changes,
  DemandCount,
  DomainFit,
  Excluded,
  Explanation,
  LevelFit,
  LevelPlacement,
  ScopeFit,
  ScopePlacement,
} from '../api/explanation.ts'
import { table } from './progress.ts'

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
const indented = (lines: readonly string[]): string[] => lines.map((line) => (line === '' ? '' : `  ${line}`))
const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', title, ...indented(lines)]

export function explanationText(explanation: Explanation): readonly string[] {
  const { demands, scopes, changes } = explanation
  return [
    ...headline(explanation),
    ...section('Asked for', groupLines(explanation)),
    ...section('Nodes', demands.flatMap(demandLines)),
    ...section('Fits', fitLines(scopes)),
    ...section('Nearest', nearestLines(explanation)),
    ...section('What would let it in', changes === null ? [] : changeLines(changes)),
    ...section('Where it is', placementLines(explanation)),
  ]
}

const VERDICTS: Readonly<Record<Explanation['verdict'], string>> = {
  placed: 'is placed',
  refused: 'has no place',
  waiting: 'is not tried yet',
  queued: 'waits for its turn',
}

function headline({
  namespace,
  name,
  phase,
  verdict,
  reason,
  message,
  placementScore,
  ...rest
}: Explanation): string[] {
  const score = placementScore === null || rest.placement.length === 0 ? '' : `, placementScore ${placementScore}`
  const why = reason === null ? [] : [`${reason}: ${message ?? ''}`]
  return [`PodGang ${namespace}/${name} ${VERDICTS[verdict]} (${phase}${score})`, ...why]
}

function groupLines({ groups }: Explanation): string[] {
  if (groups.length === 0) return []
  const rows = groups.map(({ name, minimum, bound, pending, gated }) =>
    [name, minimum, bound, pending, gated].map(String),
  )
  return table([['GROUP', 'MINIMUM', 'BOUND', 'PENDING', 'GATED'], ...rows])
}

function demandLines({ groups, pods, requests, nodes, nodesPassing, excluded }: DemandCount): string[] {
  const asks = Object.entries(requests).map(([name, amount]) => `${amount} ${name}`)
  const who = `${plural(pods, 'pod')} of ${groups.join(', ')}`
  const each = asks.length === 0 ? '' : ` (each ${asks.join(', ')})`
  return [`${who}${each}: ${nodesPassing} of ${plural(nodes, 'node')} pass${excludedText(excluded, '; kept out by ')}`]
}

function excludedText(excluded: Excluded, before: string): string {
  const parts = Object.entries(excluded).map(([code, nodes]) => `${code} ${nodes}`)
  return parts.length === 0 ? '' : `${before}${parts.join(', ')}`
}

function fitLines(scopes: readonly ScopeFit[]): string[] {
  return scopes.flatMap((scope, at) => [
    ...(at === 0 ? [] : ['']),
    scopeTitle(scope),
    ...table([
      ['LEVEL', 'DOMAIN', 'FITS', 'SHORT', 'KEPT OUT'],
      ...scope.levels.flatMap((level) => levelRows(scope, level)),
    ]),
  ])
}

function scopeTitle({ scope, alike, podsNeeded, required, pinnedTo }: ScopeFit): string {
  const more =
    alike.length === 0
      ? ''
      : ` (and ${alike.length} alike: ${alike.slice(0, 3).join(', ')}${alike.length > 3 ? ', …' : ''})`
  const wish = required === null ? '' : `, one ${required} required`
  const pin = pinnedTo.length === 0 ? '' : `, only in ${pinnedTo.join(', ')}`
  return `${scope}${more}: ${plural(podsNeeded, 'pod')}${wish}${pin}`
}

function levelRows(
  { podsNeeded }: ScopeFit,
  { level, isRequired, domains, domainsFitting, nearest }: LevelFit,
): string[][] {
  const isCluster = level === 'cluster'
  const name = isCluster
    ? 'all nodes'
    : `${level}${isRequired ? ' (required)' : ''}: ${domainsFitting} of ${domains} fit`
  if (nearest.length === 0) return [[name, domains === 0 ? 'no node carries its label' : '']]
  const rows = nearest.map((fit, at) => [
    at === 0 ? name : '',
    isCluster ? '' : fit.domain,
    ...fitCells(podsNeeded, fit),
  ])
  const rest = domains - nearest.length
  return rest > 0 ? [...rows, ['', `… ${rest} more`]] : rows
}

function fitCells(podsNeeded: number, { podsFitting, podsFittingEmpty, short, excluded, nodes }: DomainFit): string[] {
  const empty = podsFittingEmpty < podsNeeded ? ` (${podsFittingEmpty} if empty)` : ''
  const lack = short === null ? '' : `${short.text} ${short.resource}`
  const closed = Object.entries(excluded).map(([code, count]) => `${code} ${count} of ${plural(nodes, 'node')}`)
  return [`${podsFitting} of ${podsNeeded}${empty}`, lack, closed.join(', ')]
}

function nearestLines({ nearest }: Explanation): string[] {
  if (nearest === null) return []
  const { scope, level, domain, podsNeeded, podsFitting, short } = nearest
  const where = level === 'cluster' ? 'the whole cluster' : `${level} ${domain}`
  const lack = short === null ? '' : `; ${short.resource} is short by ${short.text}`
  return [
    `${where} takes ${podsFitting} of the ${plural(podsNeeded, 'pod')} of ${scope === 'gang' ? 'the gang' : scope}${lack}`,
  ]
}

const OUTCOMES: Readonly<Record<Change['outcome'], string>> = {
  fits: 'fits',
  doesNotFit: 'does not do',
  undecided: 'not decided',
  notTried: 'not tried',
}

function changeLines({ smallest, tried, notTried, unlisted }: Changes): string[] {
  const first =
    smallest === null
      ? 'No single change that was tried lets it in.'
      : `Smallest: ${smallest.what} (touches ${touchesText(smallest)})`
  const rows = [...tried, ...notTried].map((change) => [
    `${OUTCOMES[change.outcome]}:`,
    change.what,
    touchesText(change),
  ])
  const more = unlisted > 0 ? [`… and ${unlisted} more that were not tried`] : []
  return [first, ...(rows.length === 0 ? [] : table(rows)), ...more]
}

function touchesText({ touches: { pods, nodes } }: Change): string {
  return nodes > 0 ? plural(nodes, 'node') : plural(pods, 'pod')
}

function placementLines({ placement, betterScore }: Explanation): string[] {
  const lines = placement.flatMap((scope) => [scopePlace(scope), ...indented(scope.levels.map(levelPlace))])
  const better =
    betterScore === null
      ? []
      : [`Planned now it would score ${betterScore}: room came free since. Placed gangs are not moved.`]
  return [...lines, ...better]
}

function scopePlace({ scope, pods, required, preferred, isPreferredByDefault, pinnedTo }: ScopePlacement): string {
  const wishes = [
    required === null ? '' : `one ${required} required`,
    preferred === null ? '' : `one ${preferred} preferred${isPreferredByDefault ? ' by default' : ''}`,
    pinnedTo.length === 0 ? '' : `tied to ${pinnedTo.join(', ')}`,
  ].filter((wish) => wish !== '')
  return `${scope}: ${plural(pods, 'pod')}${wishes.length === 0 ? '' : `, ${wishes.join(', ')}`}`
}

function levelPlace({ level, wish, domainsUsed, domains, bestNow }: LevelPlacement): string {
  const where = domains.map(({ domain, pods }) => (domainsUsed === 1 ? domain : `${domain} (${pods})`)).join(', ')
  const rest = domainsUsed > domains.length ? `, … ${domainsUsed - domains.length} more` : ''
  const best = bestNow === null ? '' : `; the best takes ${bestNow.podsFitting} now: ${bestNow.domain}`
  const told = wish === 'met' ? ' (as asked)' : wish === 'givenUp' ? ` (given up${best})` : ''
  return `${level}: ${where}${rest}${told}`
}
