/** Field number → `name type`, where type is a scalar, a message's model name, `[]type` or `{}type`. */
export type Messages = Record<string, Record<string, string>>

const SHORT: readonly (readonly [RegExp, string])[] = [
  [/^\.?k8s\.io\.apimachinery\.pkg\.apis\./, ''],
  [/^\.?k8s\.io\.apiextensions_apiserver\.pkg\.apis\./, 'ext.'],
  [/^\.?k8s\.io\.api\./, ''],
  [/^\.?k8s\.io\.apimachinery\.pkg\.api\.resource\.Quantity$/, 'quantity'],
  [/^\.?k8s\.io\.apimachinery\.pkg\.util\.intstr\.IntOrString$/, 'int-or-string'],
  [/^\.?k8s\.io\.apimachinery\.pkg\.runtime\.RawExtension$/, 'raw'],
]

const short = (name: string): string => SHORT.reduce((text, [pattern, by]) => text.replace(pattern, by), name)

const SCALARS = new Set(['string', 'bool', 'bytes', 'int32', 'int64', 'uint32', 'uint64', 'double', 'float'])

function typeOf(text: string, pack: string): string {
  const map = /^map<string, (.+)>$/.exec(text)
  if (map !== null) return `{}${typeOf(map[1]!, pack)}`
  if (SCALARS.has(text)) return text
  if (text.startsWith('.') || text.startsWith('k8s.io')) return short(text)
  return short(`${pack}.${text}`)
}

const FIELD = /^\s*(?:(optional|repeated) )?(map<.+>|[\w.]+) (\w+) = (\d+);/

/** The messages of generated.proto files, by model name. */
export function messagesFrom(texts: readonly string[]): Messages {
  const messages: Messages = {}
  for (const text of texts) {
    const pack = /^package ([\w.]+);/m.exec(text)?.[1] ?? ''
    let fields: Record<string, string> = {}
    for (const line of text.split('\n')) {
      const head = /^message (\w+) \{/.exec(line)
      if (head !== null) {
        fields = {}
        messages[short(`${pack}.${head[1]}`)] = fields
        continue
      }
      const field = FIELD.exec(line)
      if (field === null) continue
      const [, label, type, name, number] = field as unknown as [string, string | undefined, string, string, string]
      fields[number] = `${name} ${label === 'repeated' ? '[]' : ''}${typeOf(type, pack)}`
    }
  }
  return messages
}
