/** What an account was seen to ask for, held against what it may do. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SYSTEM_NAMESPACE } from '../../api/names.ts'
import type { Permissions, Rule } from '../../api/rbac/permissions.ts'
import type { ControlPlane } from './control-plane.ts'

export interface Asked {
  readonly user: string
  readonly verb: string
  /** `group/plural[/subresource]`; core kinds begin with the slash. */
  readonly resource: string
  readonly namespace: string
  readonly name: string
  readonly isForbidden: boolean
}

interface AuditEvent {
  readonly verb: string
  readonly user: { readonly username: string }
  readonly objectRef?: {
    readonly resource: string
    readonly subresource?: string
    readonly apiGroup?: string
    readonly namespace?: string
    readonly name?: string
  }
  readonly requestURI: string
  readonly annotations?: Readonly<Record<string, string>>
}

export const userOf = (account: string, namespace: string = SYSTEM_NAMESPACE): string =>
  `system:serviceaccount:${namespace}:${account}`

function askedOf({ verb, user, objectRef, requestURI, annotations }: AuditEvent): Asked {
  const { apiGroup = '', resource = requestURI, subresource, namespace = '', name = '' } = objectRef ?? {}
  return {
    user: user.username,
    verb,
    resource: `${apiGroup}/${resource}${subresource === undefined ? '' : `/${subresource}`}`,
    namespace,
    name,
    isForbidden: annotations?.['authorization.k8s.io/decision'] === 'forbid',
  }
}

/** Everything that an account has asked for so far. */
export function askedBy(plane: ControlPlane, account: string, namespace?: string): readonly Asked[] {
  const lines = readFileSync(join(plane.folder, 'audit.log'), 'utf8').split('\n').slice(0, -1)
  return lines
    .map((line) => askedOf(JSON.parse(line) as AuditEvent))
    .filter(({ user }) => user === userOf(account, namespace))
}

/** One verb on one resource, as the permissions give it. */
export interface Grant {
  readonly scope: 'everywhere' | 'inSystem'
  readonly rule: Rule
  readonly resource: string
  readonly verb: string
  readonly text: string
}

const grantsOfRule =
  (scope: Grant['scope']) =>
  (rule: Rule): Grant[] =>
    rule.resources.flatMap((plural) =>
      rule.verbs.map((verb) => {
        const resource = `${rule.group}/${plural}`
        const names = rule.names === undefined ? '' : ` ${rule.names.join()}`
        return { scope, rule, resource, verb, text: `${verb} ${resource}${names}, ${scope}` }
      }),
    )

/** What a half asks for itself; what it only hands on is apart. */
export const ownGrants = ({ everywhere, inSystem }: Permissions): Grant[] => [
  ...everywhere.flatMap(grantsOfRule('everywhere')),
  ...inSystem.flatMap(grantsOfRule('inSystem')),
]

function allows({ scope, rule, resource, verb }: Grant, asked: Asked): boolean {
  if (resource !== asked.resource || verb !== asked.verb) return false
  if (rule.names !== undefined && !rule.names.includes(asked.name)) return false
  return scope === 'everywhere' || asked.namespace === SYSTEM_NAMESPACE
}

/** Grants that nothing asked for needed: no request would fail without them. */
export function unused(permissions: Permissions, asked: readonly Asked[]): string[] {
  return ownGrants(permissions)
    .filter((grant) => !asked.some((each) => allows(grant, each)))
    .map(({ text }) => text)
}

/** Asked for and not granted by the table, whatever the server said. */
export function notGranted(permissions: Permissions, asked: readonly Asked[]): string[] {
  const grants = ownGrants(permissions)
  const outside = asked.filter((each) => each.isForbidden || !grants.some((grant) => allows(grant, each)))
  return [...new Set(outside.map(({ verb, resource, namespace, name }) => `${verb} ${resource} ${namespace}/${name}`))]
}
