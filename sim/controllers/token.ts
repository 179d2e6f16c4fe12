import type { KubeObject, Secret } from '../../api/kinds/kubernetes.ts'
import type { Cache } from '../../kube/reflector/types.ts'
import { SECRETS, SERVICE_ACCOUNTS } from '../../kube/resources.ts'
import type { WorkQueue } from '../../kube/work-queue.ts'
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  keyOf,
  splitKey,
  valueUnlessGone,
  valueUnlessMissing,
} from './controller.ts'

/** Stands where a certificate would: the simulated cluster speaks plain HTTP and proves nothing. */
export const SIMULATED_CA = '-----BEGIN CERTIFICATE-----\nc2ltdWxhdGVk\n-----END CERTIFICATE-----\n'

const TOKEN_TYPE = 'kubernetes.io/service-account-token'
const ACCOUNT_NAME = 'kubernetes.io/service-account.name'
const ACCOUNT_UID = 'kubernetes.io/service-account.uid'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const base64Url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** The shape of a token, signed by nobody. */
export const simulatedToken = (namespace: string, account: string, uid: string): string =>
  [
    base64Url({ alg: 'none', typ: 'JWT' }),
    base64Url({ iss: 'espalier-simulated', sub: `system:serviceaccount:${namespace}:${account}`, uid }),
    'c2ltdWxhdGVk',
  ].join('.')

/** Fills in the Secrets that ask for a service account's token; deletes those whose account is gone. */
export class TokenController implements Controller {
  readonly #context: ControllerContext
  readonly #secrets: Cache<Secret>
  readonly #accounts: Cache<KubeObject>
  readonly #queue: WorkQueue<string>

  constructor(context: ControllerContext) {
    this.#context = context
    this.#queue = controllerQueue('token', context, (key) => this.#reconcile(key))
    this.#secrets = context.informers.watch<Secret>(SECRETS, ({ kind, object }) => {
      if (kind !== 'deleted' && object.type === TOKEN_TYPE) this.#queue.add(keyOf(object))
    })
    this.#accounts = context.informers.watch(SERVICE_ACCOUNTS, ({ object }) => this.#queueSecretsOf(object))
  }

  start(): void {
    this.#queue.start()
  }

  stop(): Promise<void> {
    return this.#queue.stop()
  }

  #queueSecretsOf(account: KubeObject): void {
    for (const secret of this.#secrets.values()) {
      if (secret.type === TOKEN_TYPE && accountOf(secret) === keyOf(account)) this.#queue.add(keyOf(secret))
    }
  }

  async #reconcile(key: string): Promise<void> {
    const { namespace, name } = splitKey(key)
    const secret = this.#secrets.get(namespace, name)
    if (secret === undefined || secret.metadata.deletionTimestamp !== undefined) return
    const wanted = splitKey(accountOf(secret))
    const account = this.#accounts.get(namespace, wanted.name)
    const boundTo = secret.metadata.annotations?.[ACCOUNT_UID]
    if (boundTo !== undefined && boundTo !== account?.metadata.uid) {
      const { uid } = secret.metadata
      valueUnlessGone(await this.#context.client.delete(SECRETS, { namespace, name }, { uid }))
      return
    }
    if (account === undefined || secret.data?.['token'] !== undefined) return
    await this.#fill(secret, account)
  }

  async #fill({ metadata }: Secret, account: KubeObject): Promise<void> {
    const { namespace = '', name, uid } = metadata
    const token = simulatedToken(namespace, account.metadata.name, account.metadata.uid)
    const patch = {
      metadata: { uid, annotations: { [ACCOUNT_UID]: account.metadata.uid } },
      data: { token: base64(token), 'ca.crt': base64(SIMULATED_CA), namespace: base64(namespace) },
    }
    valueUnlessMissing(await this.#context.client.mergePatch(SECRETS, { namespace, name }, patch))
  }
}

const accountOf = (secret: Secret): string =>
  `${secret.metadata.namespace ?? ''}/${secret.metadata.annotations?.[ACCOUNT_NAME] ?? ''}`
