/** Longer lines than any object can be (etcd takes 1.5 MB) mean that this is no watch. */
const LINE_MAX = 64 * 1024 * 1024

/** Splits text that comes in pieces into its lines, without their ends; the last one need not have one. */
export async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of chunks) {
    let begin = 0
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', begin)) {
      yield rest + chunk.slice(begin, end)
      rest = ''
      begin = end + 1
    }
    rest += chunk.slice(begin)
    if (rest.length > LINE_MAX) throw new Error(`a line of more than ${LINE_MAX} characters`)
  }
  if (rest !== '') yield rest
}
