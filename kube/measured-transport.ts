import { type HttpRequest, type Transport, TransportError } from './transport.ts'

/** A status code, or `none` when no answer came. Codes that nobody has to tell apart share their class. */
export const CODES = ['2xx', '401', '403', '404', '409', '410', '422', '429', '4xx', '5xx', 'none'] as const
export type Code = (typeof CODES)[number]
export type Observe = (method: HttpRequest['method'], code: Code) => void

const OUR_DOING: ReadonlySet<TransportError['kind']> = new Set(['aborted', 'unsent'])

/** Tells of every request how it ended; of a watch, how it began. */
export function measuredTransport(transport: Transport, observe: Observe): Transport {
  const measured = async <T extends { readonly status: number }>(
    { method }: HttpRequest,
    answer: Promise<T>,
  ): Promise<T> => {
    try {
      const { status } = await answer
      observe(method, codeOf(status))
    } catch (error) {
      if (error instanceof TransportError && !OUR_DOING.has(error.kind)) observe(method, 'none')
    }
    return answer
  }
  return {
    request: (request) => measured(request, transport.request(request)),
    stream: (request) => measured(request, transport.stream(request)),
    close: () => transport.close(),
  }
}

function codeOf(status: number): Code {
  const own = String(status) as Code
  if (CODES.includes(own)) return own
  return status < 400 ? '2xx' : status < 500 ? '4xx' : '5xx'
}
