import { int32, type ObjectSchema, object, type Rule, text, type Schema } from '../schema.ts'

/** `topologyConstraint` as users write it, in names of levels; pod-gang.ts has its twin in node label keys. */

const domain = (doc: string): Schema => text(doc, { minLength: 1, maxLength: 63, pattern: '^[a-z][a-z0-9-]*$' })

/** Fields that both spellings of spread share. */
export const spreadFields: ObjectSchema['fields'] = {
  maxSkew: int32('By how many replicas two domains may differ at most.', { minimum: 1, default: 1 }),
  minDomains: int32('With fewer domains than this in use, the emptiest one counts as empty.', { minimum: 1 }),
  whenUnsatisfiable: text('DoNotSchedule keeps the rule; ScheduleAnyway only prefers it.', {
    oneOf: ['DoNotSchedule', 'ScheduleAnyway'],
    default: 'DoNotSchedule',
  }),
}

export const spreadRules: readonly Rule[] = [
  {
    rule: "!has(self.minDomains) || !has(self.whenUnsatisfiable) || self.whenUnsatisfiable == 'DoNotSchedule'",
    message: 'minDomains needs whenUnsatisfiable DoNotSchedule',
    fieldPath: '.minDomains',
  },
]

export const spread: ObjectSchema = object(
  'SpreadConstraint',
  'Keeps the replicas of what it is written on apart: the replicas of a set, of a scaling group, the pods of a clique.',
  { domain: domain('The level whose domains they are spread over.'), ...spreadFields },
  { required: ['domain'], rules: spreadRules },
)

const pack: ObjectSchema = object(
  'PackConstraint',
  'Keeps pods together.',
  {
    required: domain('All pods lie in one domain of this level, or none is placed.'),
    preferred: domain('One domain of this level is tried first, then broader ones up to `required`.'),
  },
  {
    rules: [
      {
        rule: 'has(self.required) || has(self.preferred)',
        message: 'pack must specify at least one of required or preferred',
      },
    ],
  },
)

/** What `required` comes to, in whichever of its two spellings. */
const requiredOf = (value: string): string =>
  `(has(${value}.pack) && has(${value}.pack.required) ? ${value}.pack.required : has(${value}.packDomain) ? ${value}.packDomain : '')`
const preferredOf = (value: string): string =>
  `(has(${value}.pack) && has(${value}.pack.preferred) ? ${value}.pack.preferred : '')`
const nameOf = (value: string): string => `(has(${value}.topologyName) ? ${value}.topologyName : '')`

const rules: readonly Rule[] = [
  {
    rule: 'has(self.pack) || has(self.packDomain) || has(self.spread)',
    message: 'topologyConstraint must specify pack or deprecated packDomain',
  },
  {
    rule: '!(has(self.pack) && has(self.pack.required) && has(self.packDomain))',
    message: 'must not set both pack.required and deprecated packDomain',
  },
  {
    rule: 'oldSelf.hasValue() || !has(self.packDomain)',
    message: 'packDomain is deprecated and cannot be used on new workloads; use pack.required',
    optionalOldSelf: true,
  },
  {
    rule: '!has(self.packDomain) || has(oldSelf.packDomain)',
    message: 'packDomain is deprecated and cannot be used on new workloads; use pack.required',
  },
  {
    rule: `${requiredOf('self')} == ${requiredOf('oldSelf')} && ${preferredOf('self')} == ${preferredOf('oldSelf')}`,
    message: 'field is immutable',
    fieldPath: '.pack',
  },
  {
    rule: `${nameOf('self')} == ${nameOf('oldSelf')} || (${nameOf('oldSelf')} == '' && has(self.packDomain))`,
    message: 'field is immutable',
    fieldPath: '.topologyName',
  },
  {
    rule: 'has(self.spread) == has(oldSelf.spread) && (!has(self.spread) || self.spread == oldSelf.spread)',
    message: 'field is immutable',
    fieldPath: '.spread',
  },
]

export const topologyConstraint = (doc: string): ObjectSchema =>
  object(
    'TopologyConstraint',
    doc,
    {
      topologyName: text(
        'The topology whose levels are named. Empty: that of what is around, else the only topology, else `default`.',
        { maxLength: 253 },
      ),
      pack,
      spread,
      packDomain: domain('Deprecated spelling of `pack.required`; kept where it already stands.'),
    },
    { rules },
  )

/** For the object around a constraint: none may be added or taken away. */
export const constraintStays: Rule = {
  rule: 'has(self.topologyConstraint) == has(oldSelf.topologyConstraint)',
  message: 'field is immutable',
  fieldPath: '.topologyConstraint',
}
