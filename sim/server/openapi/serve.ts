import type { Core } from '../core.ts'
import { textAnswer, type PlainAnswer } from '../exchange.ts'

export function openApi(_core: Core, _segments: readonly string[], _query: URLSearchParams): PlainAnswer {
  return textAnswer(404, '404 page not found\n')
}
