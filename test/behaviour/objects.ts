/** Objects that the suites write. None needs a kubelet, and none carries what admission adds on a real server only. */

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly [field: string]: unknown
}

export const configMap = (name: string, data: object, labels: Record<string, string> = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data,
})

export const podSpec = (more: object = {}): object => ({
  schedulerName: 'nobody',
  automountServiceAccountToken: false,
  containers: [{ name: 'main', image: 'engine:1', resources: { requests: { cpu: '100m' } } }],
  ...more,
})

export const pod = (name: string, more: object = {}, labels: Record<string, string> = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels },
  spec: podSpec(more),
})

/** Paused, so that no controller makes pods of it. */
export const deployment = (image: string, replicas = 0): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', labels: { app: 'web' } },
  spec: {
    replicas,
    paused: true,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: podSpec({ containers: [{ name: 'main', image }] }) },
  },
})

export const service: Manifest = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
}

export const cliqueSet = (name: string, replicas = 1): Manifest => ({
  apiVersion: 'grove.io/v1alpha1',
  kind: 'PodCliqueSet',
  metadata: { name },
  spec: {
    replicas,
    template: {
      cliques: [
        {
          name: 'worker',
          spec: { roleName: 'worker', replicas: 2, podSpec: { containers: [{ name: 'main', image: 'engine:1' }] } },
        },
      ],
    },
  },
})

export const podGang = (name: string): Manifest => ({
  apiVersion: 'scheduler.grove.io/v1alpha1',
  kind: 'PodGang',
  metadata: { name },
  spec: { podgroups: [{ name: 'worker', minReplicas: 1, podReferences: [] }] },
})
