import { timestamp } from '../../kube/clock.ts'
import { invalid, methodNotAllowed } from './api-error.ts'
import { objectBody } from './body.ts'
import type { Core } from './core.ts'
import { answer, type ApiAnswer } from './exchange.ts'
import { listAt, recordAt } from './json.ts'
import { entryOf } from './list.ts'
import type { Target } from './target.ts'

const SHORTEST_SECONDS = 600
const USUAL_SECONDS = 3600

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** POST serviceaccounts/x/token: a token in the right form that opens nothing, for the server asks for none. */
export function requestToken(core: Core, target: Target): ApiAnswer {
  if (target.request.method !== 'POST') throw methodNotAllowed()
  const { object } = entryOf(core, target)
  const spec = recordAt(objectBody(target.request), 'spec')
  const asked = spec['expirationSeconds']
  const seconds = typeof asked === 'number' ? asked : USUAL_SECONDS
  if (seconds < SHORTEST_SECONDS) {
    throw invalid({ group: 'authentication.k8s.io', plural: '', kind: 'TokenRequest' }, '', [
      {
        type: 'Invalid',
        field: 'spec.expirationSeconds',
        value: seconds,
        detail: 'may not specify a duration less than 10 minutes',
      },
    ])
  }
  const nowMs = core.clock.nowMs()
  const { namespace = '', name, uid } = object.metadata
  const audiences = listAt(spec, 'audiences')
  const claims = {
    aud: audiences,
    exp: Math.floor(nowMs / 1000) + seconds,
    iat: Math.floor(nowMs / 1000),
    iss: 'https://kubernetes.default.svc.cluster.local',
    'kubernetes.io': { namespace, serviceaccount: { name, uid } },
    sub: `system:serviceaccount:${namespace}:${name}`,
  }
  const token = `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.simulated`
  return answer(201, {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: timestamp(nowMs) },
    spec: { ...spec, audiences, expirationSeconds: seconds },
    status: { token, expirationTimestamp: timestamp(nowMs + seconds * 1000) },
  })
}
