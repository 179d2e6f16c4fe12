import { StringDecoder } from 'node:string_decoder'
import { TransportError } from './transport.ts'

/** Longer lines than any object can be (etcd takes 1.5 MB) mean that this is no watch. */
const LINE_MAX = 64 * 1024 * 1024

/** Splits UTF-8 that comes in pieces, cut anywhere, into its lines, without their ends; the last one need not have one. */
export async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const piece of pieces) {
    const chunk = decoder.write(piece)
    let begin = 0
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', begin)) {
      yield rest + chunk.slice(begin, end)
      rest = ''
      begin = end + 1
    }
    rest += chunk.slice(begin)
    if (rest.length > LINE_MAX) throw new TransportError('connection', `a line of more than ${LINE_MAX} characters`)
  }
  rest += decoder.end()
  if (rest !== '') yield rest
}
