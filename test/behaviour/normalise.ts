/** Takes out of an answer what differs from run to run, and nothing else. */
export interface Known {
  readonly namespace: string
  readonly url: string
}

const RULES: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, 'UID'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME'],
  [/\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, 'TIME'],
  [/([rR]esource ?Version"?[:=] *"?)[1-9]\d*/g, '$1VERSION'],
  [/(?<=\s|\(|^)(\d+[smhd])+(?=\s|\)|$)/gm, 'AGE'],
  [/127\.0\.0\.1:\d+/g, 'HOST'],
  [/\b10\.\d+\.\d+\.\d+\b/g, 'IP'],
  // The width of a column follows from the longest value in it.
  [/(?<=\S) {2,}/g, '  '],
  [/[ \t]+$/gm, ''],
]

export function normalised(text: string, { namespace, url }: Known): string {
  const own = text.replaceAll(url, 'SERVER').replaceAll(namespace, 'NAMESPACE')
  return RULES.reduce((found, [pattern, name]) => found.replace(pattern, name), own)
}
