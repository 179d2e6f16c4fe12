/** The JSON form of an Explanation. What is not named here is never sent. */
const text = { type: 'string' } as const
const textOrNull = { type: ['string', 'null'] } as const
const count = { type: 'integer' } as const
const numberOrNull = { type: ['number', 'null'] } as const
const flag = { type: 'boolean' } as const
const texts = { type: 'array', items: text } as const
const countsByName = { type: 'object', additionalProperties: count } as const

type Schema = Readonly<Record<string, unknown>>

const object = (properties: Readonly<Record<string, Schema>>): Schema => ({ type: 'object', properties })
const list = (items: Schema): Schema => ({ type: 'array', items })
const orNull = (schema: Schema): Schema => ({ ...schema, nullable: true })

const short = orNull(object({ resource: text, amount: { type: 'number' }, text }))

const domainFit = object({
  domain: text,
  nodes: count,
  podsFitting: count,
  podsFittingEmpty: count,
  short,
  excluded: countsByName,
})

const levelFit = object({
  level: text,
  isRequired: flag,
  domains: count,
  domainsFitting: count,
  nearest: list(domainFit),
})

const scopeFit = object({
  scope: text,
  alike: texts,
  podsNeeded: count,
  required: textOrNull,
  pinnedTo: texts,
  levels: list(levelFit),
})

const change = object({ kind: text, what: text, touches: object({ pods: count, nodes: count }), outcome: text })

const levelPlacement = object({
  level: text,
  wish: text,
  domainsUsed: count,
  domains: list(object({ domain: text, pods: count })),
  bestNow: orNull(object({ domain: text, podsFitting: count })),
})

const scopePlacement = object({
  scope: text,
  pods: count,
  required: textOrNull,
  preferred: textOrNull,
  isPreferredByDefault: flag,
  pinnedTo: texts,
  levels: list(levelPlacement),
})

export const explanationSchema: Schema = object({
  namespace: text,
  name: text,
  phase: text,
  verdict: text,
  reason: textOrNull,
  message: textOrNull,
  placementScore: numberOrNull,
  groups: list(object({ name: text, minimum: count, bound: count, pending: count, gated: count })),
  demands: list(
    object({
      groups: texts,
      pods: count,
      requests: { type: 'object', additionalProperties: text },
      nodes: count,
      nodesPassing: count,
      excluded: countsByName,
    }),
  ),
  scopes: list(scopeFit),
  nearest: orNull(object({ scope: text, level: text, domain: text, podsNeeded: count, podsFitting: count, short })),
  changes: orNull(object({ smallest: orNull(change), tried: list(change), notTried: list(change), unlisted: count })),
  placement: list(scopePlacement),
  betterScore: numberOrNull,
})

export const refusalSchema: Schema = object({ code: text, message: text })
