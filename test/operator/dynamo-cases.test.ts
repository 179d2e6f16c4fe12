import { describe, expect, test } from 'vitest'
import type { PodCliqueSet } from '../../api/generated/kinds.ts'
import { cliquesOf, desiredOf, envOf, mainOf, podOf, readGraph } from './dynamo-graphs.ts'

const leader = (service: string): string =>
  `$(GROVE_PCSG_NAME)-$(GROVE_PCSG_INDEX)-${service}-ldr-0.$(GROVE_HEADLESS_SERVICE)`

describe('the published example', () => {
  const desired = desiredOf(readGraph('d1-tutorial'))
  test('has a clique a service, each of which needs one pod', () => {
    expect(cliquesOf(desired)).toEqual(['frontend 1/1', 'vllmdecodeworker 2/1', 'vllmprefillworker 1/1'])
    expect(desired.set.spec.template.podCliqueScalingGroups).toBeUndefined()
    expect(desired.set.spec.template).toMatchObject({
      cliqueStartupType: 'CliqueStartupTypeAnyOrder',
      headlessServiceConfig: { publishNotReadyAddresses: true },
      terminationDelay: '15m',
    })
  })
  test('scales its services as PodCliques of the published names', () => {
    expect(desired.children.map(({ kind, name, replicas }) => `${kind} ${name} ${replicas}`)).toEqual([
      'PodClique dynamo-grove-0-frontend 1',
      'PodClique dynamo-grove-0-vllmdecodeworker 2',
      'PodClique dynamo-grove-0-vllmprefillworker 1',
    ])
  })
  test('is reached through a Service on port 8000, the workers on 9090', () => {
    expect(desired.services.map(({ metadata, spec }) => [metadata.name, (spec as { ports: unknown[] }).ports])).toEqual(
      [
        ['dynamo-grove-frontend', [{ name: 'http', port: 8000, targetPort: 'http', protocol: 'TCP' }]],
        ['dynamo-grove-vllmdecodeworker', [{ name: 'system', port: 9090, targetPort: 'system', protocol: 'TCP' }]],
        ['dynamo-grove-vllmprefillworker', [{ name: 'system', port: 9090, targetPort: 'system', protocol: 'TCP' }]],
      ],
    )
  })
  test('gives the frontend its labels, annotations and environment in order', () => {
    const [clique] = desired.set.spec.template.cliques
    expect(clique?.labels).toEqual({
      'nvidia.com/dynamo-component': 'Frontend',
      'nvidia.com/dynamo-component-type': 'frontend',
      'nvidia.com/dynamo-discovery-backend': 'kubernetes',
      'nvidia.com/dynamo-discovery-enabled': 'true',
      'nvidia.com/dynamo-graph-deployment-name': 'dynamo-grove',
      'nvidia.com/dynamo-namespace': 'default-dynamo-grove',
      'nvidia.com/metrics-enabled': 'true',
      'nvidia.com/selector': 'dynamo-grove-frontend',
    })
    expect(clique?.annotations).toEqual({
      'nvidia.com/dynamo-discovery-backend': 'kubernetes',
      'nvidia.com/dynamo-operator-origin-version': '1.2.0',
    })
    const main = mainOf(desired, 'frontend')
    expect([main.name, main.command, main.args]).toEqual(['main', ['python3'], ['-m', 'dynamo.frontend']])
    expect(envOf(main)).toEqual([
      'DYNAMO_PORT=8000',
      'DYN_COMPONENT=frontend',
      'DYN_DISCOVERY_BACKEND=kubernetes',
      'DYN_HTTP_PORT=8000',
      'DYN_NAMESPACE=default-dynamo-grove',
      'DYN_NAMESPACE_PREFIX=default-dynamo-grove',
      'DYN_PARENT_DGD_K8S_NAME=dynamo-grove',
      'DYN_PARENT_DGD_K8S_NAMESPACE=default',
      'DYN_ROUTER_MODE=kv',
      'POD_NAME',
      'POD_NAMESPACE',
      'POD_UID',
    ])
  })
  test('leaves the workers their command, and gives them GPU, secret, ports and environment', () => {
    const main = mainOf(desired, 'vllmprefillworker')
    expect(main.command).toEqual(['python3', '-m', 'dynamo.vllm'])
    expect(main.args).toEqual(['--model', 'Qwen/Qwen3-0.6B', '--is-prefill-worker'])
    expect(main.workingDir).toBe('/workspace/components/backends/vllm')
    expect(main.resources).toEqual({ limits: { 'nvidia.com/gpu': '1' } })
    expect(main.envFrom).toEqual([{ secretRef: { name: 'hf-token-secret' } }])
    expect(main.ports?.map(({ containerPort }) => containerPort)).toEqual([9090, 19_090])
    expect(envOf(main)).toEqual([
      'DYN_COMPONENT=worker',
      'DYN_DISCOVERY_BACKEND=kubernetes',
      'DYN_FORWARDPASS_METRIC_PORT=20380',
      'DYN_HEALTH_CHECK_ENABLED=false',
      'DYN_NAMESPACE=default-dynamo-grove',
      'DYN_PARENT_DGD_K8S_NAME=dynamo-grove',
      'DYN_PARENT_DGD_K8S_NAMESPACE=default',
      'DYN_SYSTEM_ENABLED=true',
      'DYN_SYSTEM_PORT=9090',
      'DYN_SYSTEM_USE_ENDPOINT_HEALTH_STATUS=["generate"]',
      'NIXL_TELEMETRY_ENABLE=n',
      'NIXL_TELEMETRY_EXPORTER=prometheus',
      'NIXL_TELEMETRY_PROMETHEUS_PORT=19090',
      'POD_NAME',
      'POD_NAMESPACE',
      'POD_UID',
    ])
  })
  test('gives every pod shared memory, a file group, a minute to end, our scheduler and the discovery account', () => {
    for (const clique of ['frontend', 'vllmdecodeworker', 'vllmprefillworker']) {
      expect(podOf(desired, clique)).toMatchObject({
        schedulerName: 'espalier',
        securityContext: { fsGroup: 1000 },
        terminationGracePeriodSeconds: 60,
        serviceAccountName: 'dynamo-grove-k8s-service-discovery',
        volumes: [{ name: 'shared-memory', emptyDir: { medium: 'Memory', sizeLimit: '8Gi' } }],
      })
    }
    expect(desired.access.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'ServiceAccount dynamo-grove-k8s-service-discovery',
      'Role dynamo-grove-k8s-service-discovery-role',
      'RoleBinding dynamo-grove-k8s-service-discovery-binding',
    ])
  })
  test('does not use the deprecated namespace anywhere', () => {
    expect(JSON.stringify({ ...desired, deprecated: [] })).not.toContain('vllm-v1-disagg-router')
    expect(JSON.stringify(desired)).not.toContain('dynamo-sub-component-type')
    expect(desired.deprecated).toHaveLength(3)
  })
  test('keeps the live number of replicas in its template, so that a replica edit writes nothing', () => {
    const edited = readGraph('d1-tutorial')
    edited.spec.services['VllmDecodeWorker'] = { ...edited.spec.services['VllmDecodeWorker'], replicas: 4 }
    const live = { spec: desired.set.spec } as unknown as PodCliqueSet
    const after = desiredOf(edited, live)
    expect(after.set).toEqual(desired.set)
    expect(after.children[1]?.replicas).toBe(4)
  })
  test('finds its parts through etcd when told to, with no account and no Services for workers', () => {
    const etcd = desiredOf(readGraph('d1-tutorial'), null, { discovery: 'etcd', etcdEndpoints: 'etcd:2379' })
    expect(etcd.services.map(({ metadata }) => metadata.name)).toEqual(['dynamo-grove-frontend'])
    expect(etcd.access).toEqual([])
    expect(podOf(etcd, 'frontend').serviceAccountName).toBeUndefined()
    expect(envOf(mainOf(etcd, 'frontend'))).toContain('ETCD_ENDPOINTS=etcd:2379')
    expect(JSON.stringify(etcd.set)).not.toContain('DYN_DISCOVERY_BACKEND')
  })
})

describe('caches, claims and a side car', () => {
  const desired = desiredOf(readGraph('d2-caches-and-sidecar'))
  const main = mainOf(desired, 'vllmdecodeworker')
  test("lets the service's variable win over the graph's, and tells vLLM its cache last", () => {
    expect(envOf(main)).toContain('HF_HOME=/models')
    expect(envOf(main)).toContain('LOG=svc')
    expect(envOf(main).at(-1)).toBe('VLLM_CACHE_ROOT=/root/.cache/vllm')
  })
  test('translates every resource', () => {
    expect(main.resources).toEqual({
      requests: { cpu: '4', memory: '16Gi', 'nvidia.com/gpu': '1' },
      limits: { 'nvidia.com/gpu': '1', 'rdma/ib': '1' },
    })
  })
  test('mounts the claims and shared memory', () => {
    expect(main.volumeMounts).toEqual([
      { name: 'models', mountPath: '/models' },
      { name: 'vcache', mountPath: '/root/.cache/vllm' },
      { name: 'shared-memory', mountPath: '/dev/shm' },
    ])
    expect(podOf(desired, 'vllmdecodeworker').volumes).toEqual([
      { name: 'models', persistentVolumeClaim: { claimName: 'models' } },
      { name: 'vcache', persistentVolumeClaim: { claimName: 'vcache' } },
      { name: 'shared-memory', emptyDir: { medium: 'Memory', sizeLimit: '16Gi' } },
    ])
    expect(desired.claims.map(({ metadata }) => metadata.name)).toEqual(['models'])
  })
  test("takes the user's probe whole and keeps the other defaults", () => {
    expect(main.livenessProbe).toEqual({ httpGet: { path: '/mine', port: 9090 }, periodSeconds: 7 })
    expect(main.readinessProbe?.httpGet).toEqual({ path: '/health', port: 'system' })
    expect(main.startupProbe?.failureThreshold).toBe(720)
  })
  test("keeps the user's pod settings, and the main container first", () => {
    const pod = podOf(desired, 'vllmdecodeworker')
    expect(pod.securityContext).toEqual({ runAsUser: 0 })
    expect(pod.nodeSelector).toEqual({ gpu: 'h100' })
    expect(pod.containers.map(({ name }) => name)).toEqual(['main', 'side'])
    expect(podOf(desired, 'frontend').securityContext).toEqual({ fsGroup: 1000 })
    const labels = desired.set.spec.template.cliques[1]?.labels
    expect(labels?.['team']).toBe('a')
    expect(labels).not.toHaveProperty('nvidia.com/metrics-enabled')
  })
})

describe('SGLang over several nodes', () => {
  const desired = desiredOf(readGraph('d5-sglang-multinode'))
  test('has a leader, all of whose workers are needed, in a scaling group', () => {
    expect(cliquesOf(desired)).toEqual([
      'frontend 1/1',
      'decode-ldr 1/1',
      'decode-wkr 1/1',
      'prefill-ldr 1/1',
      'prefill-wkr 2/2',
    ])
    expect(desired.set.spec.template.podCliqueScalingGroups).toEqual([
      { name: 'decode', cliqueNames: ['decode-ldr', 'decode-wkr'], replicas: 1, minAvailable: 1 },
      { name: 'prefill', cliqueNames: ['prefill-ldr', 'prefill-wkr'], replicas: 2, minAvailable: 1 },
    ])
    expect(desired.children.map(({ kind, name }) => `${kind} ${name}`)).toContain(
      'PodCliqueScalingGroup sglang-disagg-multinode-0-prefill',
    )
  })
  test('adds the flags to a plain command', () => {
    const { command, args, startupProbe } = mainOf(desired, 'decode-ldr')
    expect(command).toEqual(['python3', '-m', 'dynamo.sglang'])
    expect(args?.slice(-6)).toEqual([
      '--dist-init-addr',
      `${leader('decode')}:29500`,
      '--nnodes',
      '2',
      '--node-rank',
      '0',
    ])
    expect(startupProbe).toBeDefined()
  })
  test('runs a worker in a shell that counts its rank, without probes', () => {
    const main = mainOf(desired, 'decode-wkr')
    expect(main.command).toEqual(['sh', '-c'])
    expect(main.args).toHaveLength(1)
    expect(main.args?.[0]).toMatch(/^exec python3 -m dynamo\.sglang --model-path m /)
    expect(main.args?.[0]).toMatch(/--node-rank \$\(\(GROVE_PCLQ_POD_INDEX \+ 1\)\)$/)
    expect([main.livenessProbe, main.readinessProbe, main.startupProbe]).toEqual([undefined, undefined, undefined])
  })
  test('puts the flags after the module name in a shell text', () => {
    const flags = `--dist-init-addr ${leader('prefill')}:29500 --nnodes 3 --node-rank`
    expect(mainOf(desired, 'prefill-ldr').args).toEqual([
      `ulimit -l unlimited && python3 -m dynamo.sglang ${flags} 0 --model-path m --tp-size 12 | tee run.log`,
    ])
    expect(mainOf(desired, 'prefill-wkr').args?.[0]).toContain(`${flags} $((GROVE_PCLQ_POD_INDEX + 1)) --model-path m`)
  })
  test('names the phase of a worker, whichever way it was spelled', () => {
    expect(desired.set.spec.template.cliques[1]?.labels).toMatchObject({
      'nvidia.com/dynamo-component-type': 'decode',
      'nvidia.com/dynamo-sub-component-type': 'decode',
    })
    expect(envOf(mainOf(desired, 'decode-ldr'))).toContain('DYN_COMPONENT=decode')
  })
})

describe('TensorRT-LLM over several nodes', () => {
  const desired = desiredOf(readGraph('d6-trtllm-multinode'))
  test('starts each leader after its workers, and nothing else in order', () => {
    expect(desired.set.spec.template.cliqueStartupType).toBe('CliqueStartupTypeExplicit')
    expect(desired.set.spec.template.cliques.map(({ name, spec }) => [name, spec.startsAfter])).toEqual([
      ['frontend', undefined],
      ['decode-ldr', ['decode-wkr']],
      ['decode-wkr', undefined],
      ['prefill-ldr', ['prefill-wkr']],
      ['prefill-wkr', undefined],
    ])
  })
  test('runs an ssh server on the workers, ready when it listens', () => {
    const main = mainOf(desired, 'prefill-wkr')
    expect(main.command).toEqual(['/bin/sh', '-c'])
    expect(main.args?.[0]).toContain('sshd -D')
    expect(main.readinessProbe).toEqual({
      tcpSocket: { port: 2222 },
      initialDelaySeconds: 20,
      periodSeconds: 20,
      timeoutSeconds: 5,
      failureThreshold: 10,
    })
    expect([main.livenessProbe, main.startupProbe]).toEqual([undefined, undefined])
  })
  test('starts a rank a GPU on all nodes from the leader', () => {
    const main = mainOf(desired, 'prefill-ldr')
    const worker = leader('prefill').replace('-ldr-0', '-wkr-0')
    expect(main.args?.[0]).toContain(`-n 8 -H ${leader('prefill')},${worker} `)
    expect(main.args?.[0]).toContain("bash -c 'trtllm-llmapi-launch python3 -m dynamo.trtllm --model-path m")
    expect(main.args?.[0]).toContain('-x OMPI_ALLOW_RUN_AS_ROOT ')
    expect(main.env?.at(-1)).toEqual({ name: 'OMPI_MCA_orte_keep_fqdn_hostnames', value: '1' })
    expect(main.readinessProbe?.httpGet?.path).toBe('/health')
    expect(main.volumeMounts?.map(({ mountPath }) => mountPath)).toEqual(['/cfg', '/models', '/dev/shm', '/ssh-pk'])
  })
})

describe('vLLM over several nodes', () => {
  const desired = desiredOf(readGraph('d7-vllm-multinode'))
  const ray = desiredOf(readGraph('d7-vllm-ray'))
  const mp = [
    '--distributed-executor-backend',
    'mp',
    '--nnodes',
    '2',
    '--master-addr',
    leader('tp'),
    '--master-port',
    '29500',
  ]
  test('spreads one engine that is larger than a node', () => {
    expect(mainOf(desired, 'tp-ldr').args?.slice(4)).toEqual([...mp, '--node-rank', '0'])
    const [text] = mainOf(desired, 'tp-wkr').args ?? []
    expect(text).toBe(
      `exec python3 -m dynamo.vllm --model m --tensor-parallel-size 2 ${mp.join(' ')} --node-rank $((GROVE_PCLQ_POD_INDEX + 1)) --headless`,
    )
  })
  test('holds its workers back until the leader listens', () => {
    const pod = podOf(desired, 'tp-wkr')
    expect(pod.initContainers?.map(({ name }) => name)).toEqual(['wait-for-leader-mp'])
    expect(desired.configMaps.map(({ metadata }) => metadata.name)).toEqual(['vllm-mn-wait-leader-script'])
    expect(pod.volumes?.map(({ name }) => name)).toContain('wait-leader-script')
    expect(podOf(desired, 'tp-ldr').initContainers).toBeUndefined()
    expect(podOf(desired, 'dp-wkr').initContainers).toBeUndefined()
  })
  test('lets data-parallel engines find one another', () => {
    const flags = (rank: string): string =>
      `exec python3 -m dynamo.vllm --data-parallel-hybrid-lb --data-parallel-size-local 8 --data-parallel-start-rank ${rank} ` +
      `--data-parallel-address ${leader('dp')} --data-parallel-rpc-port 13445 --model m --tensor-parallel-size 1 ` +
      '--data-parallel-size 16 --enable-expert-parallel'
    expect(mainOf(desired, 'dp-ldr').args).toEqual([flags('0')])
    expect(mainOf(desired, 'dp-wkr').args).toEqual([flags('$(( 8 * $((GROVE_PCLQ_POD_INDEX + 1)) ))')])
    expect(mainOf(desired, 'dp-wkr').readinessProbe).toBeUndefined()
  })
  test('tells every engine its own address', () => {
    for (const clique of ['tp-ldr', 'tp-wkr', 'dp-ldr', 'dp-wkr']) {
      expect(mainOf(desired, clique).env?.at(-1)).toEqual({
        name: 'VLLM_NIXL_SIDE_CHANNEL_HOST',
        valueFrom: { fieldRef: { fieldPath: 'status.podIP' } },
      })
    }
  })
  test('uses Ray where the graph asks for it', () => {
    expect(mainOf(ray, 'tp-ldr')).toMatchObject({
      command: ['/bin/sh', '-c'],
      args: [
        'ray start --head --port=6379 && python3 -m dynamo.vllm --model m --tensor-parallel-size 2 --distributed-executor-backend ray',
      ],
    })
    expect(mainOf(ray, 'tp-wkr').args).toEqual([`ray start --address=${leader('tp')}:6379 --block`])
    expect(mainOf(ray, 'dp-ldr').args).toEqual(mainOf(desired, 'dp-ldr').args)
    expect(JSON.stringify(ray)).not.toContain('SIDE_CHANNEL')
    expect(ray.configMaps).toEqual([])
  })
})

test('a long name is cut and hashed in the set, and whole in labels and Services', () => {
  const desired = desiredOf(readGraph('d8-topology-and-names'))
  expect(desired.set.name).toBe('llama-3-70b-disagg-produ-1585')
  expect(desired.children.map(({ name }) => name)).toContain('llama-3-70b-disagg-produ-1585-0-prefill')
  expect(desired.services[0]?.metadata.name).toBe('llama-3-70b-disagg-production-cluster-east-frontend')
  expect(desired.set.labels).toEqual({
    'nvidia.com/dynamo-graph-deployment-name': 'llama-3-70b-disagg-production-cluster-east',
    tier: 'gold',
  })
})

test('topology, minimums, priority, queue and update strategy reach the set', () => {
  const { set } = desiredOf(readGraph('d8-topology-and-names'))
  expect(set.spec.updateStrategy).toEqual({ type: 'OnDelete' })
  expect(set.spec.template.priorityClassName).toBe('high')
  expect(set.spec.template.topologyConstraint).toEqual({ topologyName: 'dc', pack: { required: 'zone' } })
  expect(set.spec.template.podCliqueScalingGroups).toEqual([
    {
      name: 'decode',
      cliqueNames: ['decode-ldr', 'decode-wkr'],
      replicas: 3,
      minAvailable: 2,
      topologyConstraint: { pack: { required: 'rack' } },
    },
  ])
  expect(
    set.spec.template.cliques.map(({ name, spec, topologyConstraint }) => [
      `${name} ${spec.replicas}/${spec.minAvailable}`,
      topologyConstraint,
    ]),
  ).toEqual([
    ['frontend 1/1', undefined],
    ['decode-ldr 1/1', undefined],
    ['decode-wkr 3/3', undefined],
    ['prefill 4/2', { pack: { required: 'block' } }],
  ])
  for (const { labels } of set.spec.template.cliques) expect(labels?.['kai.scheduler/queue']).toBe('team-a')
  const prefill = set.spec.template.cliques.at(-1)?.spec.podSpec
  expect(prefill?.volumes).toBeUndefined()
})

test('an engine without GPUs and a command that starts none are left as they are', () => {
  const desired = desiredOf(readGraph('d9-mocker'))
  for (const clique of ['prefill', 'decode-ldr', 'decode-wkr']) {
    const { command, args } = mainOf(desired, clique)
    expect([command, args?.slice(0, 2)]).toEqual([
      ['python3', '-m', 'dynamo.mocker'],
      ['--model-path', 'm'],
    ])
  }
  expect(mainOf(desired, 'prefill').ports?.[0]?.containerPort).toBe(9090)
})
