import { Lexer } from 'yaml'

/** Collections in collections; nothing that people write comes near. */
export const DEPTH_MAX = 100
/** Columns of indentation a level. */
const INDENT_MAX = 4

/** Marks of the lexer's own, which stand nowhere in the text. */
const MARKS: ReadonlySet<string> = new Set(['\u0002', '\u0018', '\u001f'])

/**
 * Where a text nests deeper than DEPTH_MAX, as an offset; null where it does not. The lexer goes along the text without
 * going down into it, so this can be asked of any text before a parser, which cannot. O(text).
 */
export function tooDeepAt(text: string): number | null {
  let flow = 0
  let dashes = 0
  let offset = 0
  let isLineBegin = true
  for (const token of new Lexer().lex(text)) {
    if (MARKS.has(token)) continue
    if (token === '[' || token === '{') flow++
    else if (token === ']' || token === '}') flow--
    else if (token === '-' || token === '?') dashes++
    else if (/^\r?\n/.test(token)) dashes = 0
    if (flow > DEPTH_MAX || dashes > DEPTH_MAX) return offset
    if (isLineBegin && /^ +$/.test(token) && token.length > DEPTH_MAX * INDENT_MAX) return offset
    isLineBegin = token.endsWith('\n')
    offset += token.length
  }
  return null
}
