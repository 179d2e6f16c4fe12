import { toUnits } from '../../../api/quantity.ts'
import { asShellText, quoted } from './command-line.ts'
import { type EngineRequest, hostOf, leaderHost, type StartAcrossNodes, unchanged } from './multinode.ts'
import { cliqueName } from './names.ts'

const SSH_PORT = 2222
const KEYS = '/ssh-pk'
const READABLE_BY_ALL = 0o644

/** Handed to every rank beside the container's own variables: what libraries on other nodes need. */
const EXPORTED: readonly string[] = [
  'CUDA_VISIBLE_DEVICES',
  'HF_DATASETS_CACHE',
  'HF_ENDPOINT',
  'HF_HOME',
  'HF_TOKEN',
  'HOME',
  'HUGGING_FACE_HUB_TOKEN',
  'LD_LIBRARY_PATH',
  'MODEL_PATH',
  'NCCL_DEBUG',
  'NCCL_IB_DISABLE',
  'NCCL_P2P_DISABLE',
  'PATH',
  'PYTHONPATH',
  'TENSORRT_LLM_CACHE_DIR',
  'TOKENIZERS_PARALLELISM',
  'TRANSFORMERS_CACHE',
  'TRTLLM_USE_UCX_KVCACHE',
  'USER',
]

/** TensorRT-LLM runs under MPI: workers are ssh servers, the leader starts all ranks through them once they are up. */
export const startTrtllm: StartAcrossNodes = (request) => {
  const { component, config, role } = request
  const keys = {
    volumes: [
      { name: config.mpiSecretName, secret: { secretName: config.mpiSecretName, defaultMode: READABLE_BY_ALL } },
    ],
    volumeMounts: [{ name: config.mpiSecretName, mountPath: KEYS, readOnly: true }],
    env: [{ name: 'OMPI_MCA_orte_keep_fqdn_hostnames', value: '1' }],
  }
  const line = { command: ['/bin/sh', '-c'], args: [(role === 'leader' ? leader(request) : WORKER).join(' && ')] }
  if (role === 'leader') return unchanged(line, { ...keys, startsAfter: [cliqueName(component, 'worker')] })
  const readinessProbe = {
    tcpSocket: { port: SSH_PORT },
    initialDelaySeconds: 20,
    periodSeconds: 20,
    timeoutSeconds: 5,
    failureThreshold: 10,
  }
  return unchanged(line, { ...keys, probes: { readinessProbe } })
}

const CLIENT: readonly string[] = [
  'mkdir -p "$HOME/.ssh"',
  `cp ${KEYS}/private.key "$HOME/.ssh/id_rsa"`,
  `cp ${KEYS}/private.key.pub "$HOME/.ssh/id_rsa.pub"`,
  `cp ${KEYS}/private.key.pub "$HOME/.ssh/authorized_keys"`,
  'chmod 600 "$HOME/.ssh/id_rsa" "$HOME/.ssh/authorized_keys"',
  'chmod 644 "$HOME/.ssh/id_rsa.pub"',
  `printf 'Host *\\n  Port ${SSH_PORT}\\n  IdentityFile %s/.ssh/id_rsa\\n  StrictHostKeyChecking no\\n' "$HOME" > "$HOME/.ssh/config"`,
  'chmod 600 "$HOME/.ssh/config"',
]

const hostKey = (type: string): string => `$HOME/.ssh/host_${type}_key`
const SERVER_TYPES: readonly string[] = ['rsa', 'ecdsa', 'ed25519']
const SERVER_SETTINGS: readonly string[] = [
  `Port ${SSH_PORT}`,
  'PubkeyAuthentication yes',
  'PasswordAuthentication no',
  'PermitRootLogin yes',
  'StrictModes no',
]

const WORKER: readonly string[] = [
  ...CLIENT,
  ...SERVER_TYPES.map(
    (type) => `{ [ -f "${hostKey(type)}" ] || ssh-keygen -q -t ${type} -N '' -f "${hostKey(type)}"; }`,
  ),
  `printf '${SERVER_SETTINGS.join('\\n')}\\n' > "$HOME/.ssh/sshd_config"`,
  `printf 'AuthorizedKeysFile %s\\nPidFile %s\\n' "$HOME/.ssh/authorized_keys" "$HOME/.ssh/sshd.pid" >> "$HOME/.ssh/sshd_config"`,
  ...SERVER_TYPES.map((type) => `printf 'HostKey %s\\n' "${hostKey(type)}" >> "$HOME/.ssh/sshd_config"`),
  'mkdir -p /run/sshd',
  'exec /usr/sbin/sshd -D -f "$HOME/.ssh/sshd_config"',
]

function leader({ component, line, main }: EngineRequest): readonly string[] {
  const { requests, limits } = main.resources ?? {}
  const gpus = toUnits(requests?.[component.gpuResource] ?? limits?.[component.gpuResource] ?? '0')
  const workers = Array.from({ length: component.nodeCount - 1 }, (_, i) => hostOf(component, 'worker', i))
  const exported = [...new Set([...EXPORTED, ...(main.env ?? []).map(({ name }) => name)])].sort()
  const ssh = `-p ${SSH_PORT} -o StrictHostKeyChecking=no -i $HOME/.ssh/id_rsa`
  const mpirun = [
    'mpirun $AS_ROOT --oversubscribe',
    `-n ${component.nodeCount * gpus}`,
    `-H ${[leaderHost(component), ...workers].join(',')}`,
    '--mca pml ob1',
    `--mca plm_rsh_args "${ssh}"`,
    ...exported.map((name) => `-x ${name}`),
    `bash -c ${quoted(`trtllm-llmapi-launch ${asShellText(line)}`)}`,
  ]
  return [...CLIENT, 'if [ "$(id -u)" = 0 ]; then AS_ROOT=--allow-run-as-root; else AS_ROOT=; fi', mpirun.join(' ')]
}
