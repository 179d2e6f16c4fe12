import type { Container, Pod } from '../../api/kinds/kubernetes.ts'

/** The flags that name a model on a Dynamo worker's command line; a served name hides the path. */
const MODEL_FLAGS = ['--served-model-name', '--model', '--model-path'] as const

/** Words of a command line. A shell string counts as its words, quotes taken off. */
function words(container: Container): readonly string[] {
  const parts = [...(container.command ?? []), ...(container.args ?? [])]
  return parts.flatMap((part) => part.match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? []).map(unquoted)
}

const unquoted = (word: string): string => word.replace(/^(["'])(.*)\1$/, '$2')

/** The model that a pod's containers serve, as `--flag value` or `--flag=value`; null: none is named. */
export function modelOf(pod: Pod): string | null {
  for (const flag of MODEL_FLAGS) {
    for (const container of pod.spec.containers) {
      const value = flagValue(words(container), flag)
      if (value !== null) return value
    }
  }
  return null
}

function flagValue(line: readonly string[], flag: string): string | null {
  for (const [index, word] of line.entries()) {
    if (word.startsWith(`${flag}=`)) return word.slice(flag.length + 1)
    if (word === flag) return line[index + 1] ?? null
  }
  return null
}
