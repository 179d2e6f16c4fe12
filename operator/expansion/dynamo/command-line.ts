import type { Engine } from './component.ts'

/** What a container runs; the pair that Kubernetes calls `command` and `args`. */
export interface CommandLine {
  readonly command: readonly string[]
  readonly args: readonly string[]
}

/** Flags for an engine, token by token. */
export interface Flags {
  readonly tokens: readonly string[]
  /** Some token is an expression like `$((GROVE_PCLQ_POD_INDEX + 1))`, which only a shell can evaluate. */
  readonly needsShell: boolean
}

const SHELLS: readonly string[] = ['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh']
/** Characters that mean nothing to a shell, nor to the kubelet's `$(NAME)`. */
const SAFE = /^[\w@%+=:,./-]+$/

/** The start of an engine within one command of a shell text: `python3 … -m dynamo.vllm`, up to the module's name. */
const ENGINE_START =
  /(?:^|[\s|&;('"/])python[\d.]*\s[^|&;]*?-m\s+["']?dynamo\.(vllm|sglang|trtllm)(?![\w-])[\w.]*["']?/g

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
const isPython = (program: string): boolean => /^python[\d.]*$/.test(baseName(program))
const isShell = (program: string): boolean => SHELLS.includes(baseName(program))

/** Every engine that the command line starts, in the order of their first start. */
export function enginesIn({ command, args }: CommandLine): Engine[] {
  const text = [...command, ...args].join(' ')
  return [...new Set([...text.matchAll(ENGINE_START)].map((match) => match[1] as Engine))]
}

/** The words of the command line, whichever way it was cut into strings, quotes taken off. */
export const wordsOf = ({ command, args }: CommandLine): string[] =>
  [...command, ...args]
    .flatMap((text) => text.split(/\s+/))
    .map((word) => word.replaceAll(/["']/g, ''))
    .filter((word) => word !== '')

/** The value of the last of `flags`, written `--flag value` or `--flag=value`; null when none is there. */
export function flagValue(words: readonly string[], flags: readonly string[]): string | null {
  let found: string | null = null
  words.forEach((word, i) => {
    const [flag = '', value] = word.split('=', 2)
    if (flags.includes(flag)) found = value ?? words[i + 1] ?? null
  })
  return found
}

/**
 * A token as one word for a shell. `$(NAME)` inside the quotes still becomes the variable's value: the kubelet puts
 * it in before any shell sees the text.
 */
export const quoted = (token: string): string => (SAFE.test(token) ? token : `'${token.replaceAll("'", `'\\''`)}'`)

export const asShellText = ({ command, args }: CommandLine): string => [...command, ...args].map(quoted).join(' ')

/**
 * Adds flags to the engine that a command line starts: as arguments where the engine is run directly, inside the text
 * right after the module's name where a shell runs it. Null: there is no place to put them.
 */
export function withFlags(line: CommandLine, flags: Flags): CommandLine | null {
  const [program = ''] = line.command
  if (!isShell(program)) return appended(line, flags)
  return insertedInto('args', line, flags) ?? insertedInto('command', line, flags)
}

function appended(line: CommandLine, { tokens, needsShell }: Flags): CommandLine | null {
  const [program = ''] = line.command
  if (program === '' || (!isPython(program) && enginesIn(line).length === 0)) return null
  if (!needsShell) return { command: line.command, args: [...line.args, ...tokens] }
  return { command: ['sh', '-c'], args: [`exec ${asShellText(line)} ${tokens.join(' ')}`] }
}

function insertedInto(part: 'command' | 'args', line: CommandLine, { tokens }: Flags): CommandLine | null {
  const texts = [...line[part]]
  for (const [i, text] of texts.entries()) {
    const start = text.matchAll(ENGINE_START).next().value
    if (start === undefined) continue
    const end = start.index + start[0].length
    texts[i] = `${text.slice(0, end)} ${tokens.join(' ')}${text.slice(end)}`
    return { ...line, [part]: texts }
  }
  return null
}
