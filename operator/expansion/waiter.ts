import type { Container, Volume } from '../../api/kinds/kubernetes.ts'
import { POD_GANG, WAITER_TOKEN } from '../../api/names.ts'
import type { OperatorConfig } from '../config.ts'
import { tokenSecretName } from './names.ts'
import type { SetShape } from './shape.ts'

/** The init container that holds a pod back until the cliques before it are ready, and what it mounts. */

const TOKEN_VOLUME = 'sa-token-secret-vol'
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'
const POD_INFO_VOLUME = 'pod-info-vol'
const POD_INFO_PATH = '/var/grove/pod-info'
const MODE_0644 = 0o644

/** A PodClique to wait for, and how many of its pods must be Ready. */
export interface Awaited {
  readonly clique: string
  readonly minAvailable: number
}

export const usesTokenSecret = ({ set }: SetShape): boolean => set.metadata.annotations?.[WAITER_TOKEN] === 'secret'

export const waiterContainer = (awaited: readonly Awaited[], { waiterImage }: OperatorConfig): Container => ({
  name: 'grove-initc',
  image: waiterImage,
  command: ['espalier', 'wait-for'],
  args: awaited.map(({ clique, minAvailable }) => `--podcliques=${clique}:${minAvailable}`),
  volumeMounts: [
    { name: TOKEN_VOLUME, mountPath: TOKEN_PATH, readOnly: true },
    { name: POD_INFO_VOLUME, mountPath: POD_INFO_PATH, readOnly: true },
  ],
})

export const waiterVolumes = (shape: SetShape, config: OperatorConfig): Volume[] => [
  usesTokenSecret(shape) ? secretToken(shape) : boundToken(config),
  {
    name: POD_INFO_VOLUME,
    downwardAPI: {
      defaultMode: MODE_0644,
      items: [
        { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } },
        { path: 'podgangname', fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${POD_GANG}']` } },
      ],
    },
  },
]

const secretToken = (shape: SetShape): Volume => ({
  name: TOKEN_VOLUME,
  secret: { secretName: tokenSecretName(shape.name), defaultMode: MODE_0644 },
})

/** A token of the pod's own service account that ends with the pod; laid out as Kubernetes lays out its own. */
const boundToken = ({ waiterTokenSeconds }: OperatorConfig): Volume => ({
  name: TOKEN_VOLUME,
  projected: {
    defaultMode: MODE_0644,
    sources: [
      { serviceAccountToken: { expirationSeconds: waiterTokenSeconds, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
  },
})
