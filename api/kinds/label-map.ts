import { type MapSchema, mapOf, type Rule, text } from '../schema.ts'

/** Labels and annotations that are put on other objects: what those would refuse is refused here. */

const ENTRIES_MAX = 256

const keys: Rule = {
  rule: "self.all(k, k.matches('^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$'))",
  message: 'keys must be a name of at most 63 characters, with or without a domain and a slash before it',
}

export const labelMap = (doc: string): MapSchema =>
  mapOf(doc, text('The value.', { maxLength: 63, pattern: '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$' }), {
    maxProperties: ENTRIES_MAX,
    rules: [keys],
  })

export const annotationMap = (doc: string): MapSchema =>
  mapOf(doc, text('The value.', { maxLength: 262_144 }), { maxProperties: ENTRIES_MAX, rules: [keys] })
