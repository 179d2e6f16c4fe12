/**
 * Reviews: who am I, may I. Nobody is turned away here, so everything is allowed, as to an administrator; `kubectl auth`
 * and clients that ask before they act go on.
 */
import { ApiError, badRequest, invalid, methodNotAllowed } from './api-error.ts'
import { objectBody } from './body.ts'
import { answer, type PlainAnswer } from './exchange.ts'
import { type Json, recordAt, stringAt } from './json.ts'
import { apiVersionOf } from './served-type.ts'
import type { Target } from './target.ts'

const ONE_OF = 'exactly one of nonResourceAttributes or resourceAttributes must be specified'

function allowed(target: Target, spec: Json): object {
  const asked = ['resourceAttributes', 'nonResourceAttributes'].filter((field) => spec[field] !== undefined)
  if (asked.length === 1) return { allowed: true }
  const { group, kind } = target.type
  throw invalid({ group, plural: '', kind }, '', [
    { type: 'Invalid', field: 'spec.resourceAttributes', value: spec['resourceAttributes'] ?? null, detail: ONE_OF },
  ])
}

function rules(spec: Json): object {
  if (stringAt(spec, 'namespace') === '') throw badRequest('no namespace on request')
  return {
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
    incomplete: false,
  }
}

const ADMINISTRATOR = { userInfo: { username: 'admin', groups: ['system:masters', 'system:authenticated'] } }

function statusOf(target: Target, spec: Json): object {
  if (target.type.kind === 'SelfSubjectReview') return ADMINISTRATOR
  return target.type.kind === 'SelfSubjectRulesReview' ? rules(spec) : allowed(target, spec)
}

/** POST of a review: the same object, answered. */
export function review(target: Target): PlainAnswer {
  const { type, name, request } = target
  if (name !== '') throw new ApiError(404, 'NotFound', 'the server could not find the requested resource', {})
  if (request.method !== 'POST' || (type.namespaced && target.namespace === '')) throw methodNotAllowed()
  const body = objectBody(request)
  const spec = recordAt(body, 'spec')
  return answer(201, {
    kind: type.kind,
    apiVersion: apiVersionOf(type),
    metadata: { creationTimestamp: null },
    ...(type.kind === 'SelfSubjectReview' ? {} : { spec }),
    status: statusOf(target, spec),
  })
}
