import type { Pod } from '../../../api/kinds/kubernetes.ts'
import { ApiError, badRequest, methodNotAllowed } from '../api-error.ts'
import type { Core } from '../core.ts'
import type { ApiAnswer } from '../exchange.ts'
import { listAt, stringAt } from '../json.ts'
import { entryOf } from '../list.ts'
import { isTrue, type Target } from '../target.ts'

const namesOf = (pod: Pod, key: string): string[] => listAt(pod.spec, key).map((one) => stringAt(one, 'name'))

/** The container that is asked for; the only one when none is named. */
function containerOf(pod: Pod, asked: string): string {
  const { name } = pod.metadata
  const plain = namesOf(pod, 'containers')
  const init = namesOf(pod, 'initContainers')
  if (asked !== '') {
    if ([...plain, ...init, ...namesOf(pod, 'ephemeralContainers')].includes(asked)) return asked
    throw badRequest(`container ${asked} is not valid for pod ${name}`)
  }
  if (plain.length === 1 && init.length === 0) return plain[0]!
  const also = init.length === 0 ? '' : ` or one of the init containers: [${init.join(' ')}]`
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${plain.join(' ')}]${also}`)
}

const numberOf = (query: URLSearchParams, key: string): number | null => {
  const text = query.get(key)
  if (text === null || text === '') return null
  if (/^\d+$/.test(text)) return Number(text)
  throw badRequest(`PodLogOptions: ${key}: Invalid value: "${text}": must be a non-negative whole number`)
}

/** GET pods/x/log, by the simulated kubelet. */
export function podLog(core: Core, target: Target): ApiAnswer {
  if (target.request.method !== 'GET') throw methodNotAllowed()
  const pod = entryOf(core, target).object as Pod
  const { query, request } = target
  const container = containerOf(pod, query.get('container') ?? '')
  if (core.podStreams === null || (pod.spec.nodeName ?? '') === '') {
    // The real server knows no host to ask; what it says then is an empty log.
    return { kind: 'answer', status: 200, headers: { 'content-type': 'text/plain' }, body: '' }
  }
  const found = core.podStreams.log(pod, {
    container,
    follow: isTrue(query, 'follow'),
    previous: isTrue(query, 'previous'),
    timestamps: isTrue(query, 'timestamps'),
    tailLines: numberOf(query, 'tailLines'),
    sinceSeconds: numberOf(query, 'sinceSeconds'),
    limitBytes: numberOf(query, 'limitBytes'),
    signal: request.signal ?? new AbortController().signal,
  })
  if ('kind' in found) throw new ApiError(found.code, found.code === 404 ? 'NotFound' : 'BadRequest', found.message)
  return { kind: 'text', status: 200, headers: { 'content-type': 'text/plain' }, pieces: found }
}
