/** Workloads that between them make the operator and the scheduler use every permission that they have. */

const clique = (name: string, extra: string): string => `
      - name: ${name}
        spec:
          roleName: ${name}
          replicas: 1
          ${extra}
          podSpec:
            containers: [{name: main, image: busybox, resources: {requests: {cpu: "1"}}}]`

/** Start order by a token Secret, an autoscaled clique, and a scaling group with a scaled gang. */
const SMALL_SPEC = `
spec:
  replicas: 1
  template:
    cliqueStartupType: CliqueStartupTypeExplicit
    cliques:${clique('first', 'autoScalingConfig: {minReplicas: 1, maxReplicas: 4}')}${clique('second', 'startsAfter: [first]')}${clique('member', '')}
    podCliqueScalingGroups:
      - {name: group, cliqueNames: [member], replicas: 2, minAvailable: 1}`

export const SMALL: string = `
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata:
  name: small
  annotations: {espalier.io/waiter-token: secret}${SMALL_SPEC}
`

/** The older name of the same kind. */
export const OLDER: string = `
apiVersion: grove.io/v1alpha1
kind: PodGangSet
metadata: {name: older}${SMALL_SPEC}
`

/** A graph that needs all that can stand beside its set: a leader's script, a planner's account, a volume claim. */
export const MESH = `
apiVersion: nvidia.com/v1alpha1
kind: DynamoGraphDeployment
metadata:
  name: mesh
spec:
  pvcs:
    - {name: models, create: true, size: 1Gi, storageClass: fast, volumeAccessMode: ReadWriteMany}
  services:
    Frontend: {componentType: frontend, replicas: 1, extraPodSpec: {mainContainer: {image: busybox}}}
    Planner: {componentType: planner, replicas: 1, extraPodSpec: {mainContainer: {image: busybox}}}
    tp:
      componentType: worker
      replicas: 1
      multinode: {nodeCount: 2}
      resources: {limits: {gpu: "1"}}
      extraPodSpec: {mainContainer: {image: busybox, command: [python3, -m, dynamo.vllm], args: [--model, m, --tensor-parallel-size, "2"]}}
`

/** A label and a taint of the nodes that nothing else is put on. */
export const TORN_LABEL = 'test/torn'
export const TORN_TAINT: object = { key: TORN_LABEL, effect: 'NoSchedule' }
/** Not tolerated by anybody. */
export const CLOSED_TAINT: object = { key: 'test/closed', effect: 'NoSchedule' }

/** Two pods that fill a node each, on nodes of their own; the one that starts last can be Ready only after the other. */
export const TORN: string = `
apiVersion: grove.io/v1alpha1
kind: PodCliqueSet
metadata: {name: torn}
spec:
  replicas: 1
  template:
    cliqueStartupType: CliqueStartupTypeExplicit
    cliques:${['early', 'late']
      .map(
        (name) => `
      - name: ${name}
        spec:
          roleName: ${name}
          replicas: 1
          ${name === 'late' ? 'startsAfter: [early]' : ''}
          podSpec:
            nodeSelector: {${TORN_LABEL}: "true"}
            tolerations: [{key: ${TORN_LABEL}, operator: Exists}]
            containers: [{name: main, image: busybox, resources: {limits: {nvidia.com/gpu: "4"}}}]`,
      )
      .join('')}
`

export const BINDING = `
apiVersion: grove.io/v1alpha1
kind: ClusterTopologyBinding
metadata: {name: racks}
spec: {levels: [{domain: rack, key: example.com/rack}]}
`

export const LONE_POD = `
apiVersion: v1
kind: Pod
metadata: {name: lone}
spec:
  schedulerName: espalier
  containers: [{name: main, image: busybox}]
`

/** Larger than any node. */
export const GIANT_POD = `
apiVersion: v1
kind: Pod
metadata: {name: giant}
spec:
  schedulerName: espalier
  containers: [{name: main, image: busybox, resources: {requests: {cpu: "9000"}}}]
`

/** Cannot be read; `mark` makes one refusal differ from another. */
export const badTopology = (mark: string): string => `topologies:\n  - name: [${mark}]\n`
