import type { Answer, Failure, KubeClient } from './client.ts'
import type { Clock } from './clock.ts'
import type { ResourceType } from './resources.ts'

interface Refused {
  readonly untilMs: number
  readonly failure: Failure
}

/** So many refusals are kept before those that are over are looked for. */
const SWEEP_AT = 1_000

/**
 * A client for whoever has more than one reason to write: what the server has turned away with Retry-After is not sent
 * again before, whoever asks for it and however newly. It is answered as the server did, with what is left of the time.
 * Told apart by verb, kind, name and subresource. Reads pass.
 */
export function patientClient(client: KubeClient, clock: Clock): KubeClient {
  const refused = new Map<string, Refused>()
  const sweep = (): void => {
    for (const [what, { untilMs }] of refused) if (untilMs <= clock.monotonicMs()) refused.delete(what)
  }
  const write = async <T>(what: string, send: () => Promise<Answer<T>>): Promise<Answer<T>> => {
    const known = refused.get(what)
    const leftMs = (known?.untilMs ?? 0) - clock.monotonicMs()
    if (known !== undefined && leftMs > 0) return { ...known.failure, retryAfterMs: Math.ceil(leftMs) }
    refused.delete(what)
    const answer = await send()
    if (answer.kind === 'ok' || answer.outcome !== 'refused' || answer.retryAfterMs === null) return answer
    if (refused.size >= SWEEP_AT) sweep()
    refused.set(what, { untilMs: clock.monotonicMs() + answer.retryAfterMs, failure: answer })
    return answer
  }
  return {
    get: (...args) => client.get(...args),
    list: (...args) => client.list(...args),
    watch: (...args) => client.watch(...args),
    raw: (...args) => client.raw(...args),
    create: (type, object, options) =>
      write(named('create', type, keyOf(object)), () => client.create(type, object, options)),
    apply: (type, object, manager, options) =>
      write(named('apply', type, keyOf(object)), () => client.apply(type, object, manager, options)),
    mergePatch: (type, key, patch, options) =>
      write(named('patch', type, key, options?.subresource), () => client.mergePatch(type, key, patch, options)),
    strategicPatch: (type, key, patch, options) =>
      write(named('patch', type, key, options?.subresource), () => client.strategicPatch(type, key, patch, options)),
    bind: (binding, options) =>
      write(`bind ${binding.metadata.namespace}/${binding.metadata.name}`, () => client.bind(binding, options)),
    delete: (type, key, options) => write(named('delete', type, key), () => client.delete(type, key, options)),
  }
}

interface Named {
  readonly namespace?: string
  readonly name?: string
}

const keyOf = ({ metadata }: { readonly metadata: Named }): Named => metadata

const named = (verb: string, { group, plural }: ResourceType, { namespace, name }: Named, subresource = ''): string =>
  `${verb} ${group}/${plural} ${namespace ?? ''}/${name ?? ''} ${subresource}`
