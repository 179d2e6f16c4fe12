import type { Node } from '../api/kinds/kubernetes.ts'
import { GPU_CLIQUE_LABEL, GPU_RESOURCE, HOSTNAME_LABEL, ZONE_LABEL } from '../api/names.ts'

const BLOCK_LABEL = 'fabric.topograph.run/tier-2'
const RACK_LABEL = 'fabric.topograph.run/tier-1'
const ACCELERATOR_LABEL = 'accelerator.topograph.run/domain'

export interface Gb200Shape {
  readonly racks: number
  readonly racksPerBlock: number
  /** Default `zone-a`. */
  readonly zone?: string
  /** Default 18: the compute trays of an NVL72 rack. */
  readonly nodesPerRack?: number
}

/** A compute tray of a GB200 NVL72 rack: two Grace CPUs of 72 cores, four GPUs; the system keeps four cores. */
const TRAY = {
  capacity: { cpu: '144', memory: '960Gi', 'ephemeral-storage': '3576Gi', pods: '110', [GPU_RESOURCE]: '4' },
  allocatable: { cpu: '140', memory: '944Gi', 'ephemeral-storage': '3296Gi', pods: '110', [GPU_RESOURCE]: '4' },
} as const

const twoDigits = (n: number): string => String(n).padStart(2, '0')

/**
 * GB200 NVL72 racks: 18 nodes of 4 GPUs, one NVLink domain a rack, so many racks a block, one zone. Nodes are named
 * `gb200-r01-n01` and carry the labels that topograph and the GPU operator write.
 */
export function gb200Nvl72(shape: Gb200Shape): Node[] {
  const nodes: Node[] = []
  for (let rack = 1; rack <= shape.racks; rack++) {
    for (let tray = 1; tray <= (shape.nodesPerRack ?? 18); tray++) nodes.push(tray72(shape, rack, tray))
  }
  return nodes
}

function tray72({ racksPerBlock, zone = 'zone-a' }: Gb200Shape, rack: number, tray: number): Node {
  const rackName = `r${twoDigits(rack)}`
  const name = `gb200-${rackName}-n${twoDigits(tray)}`
  const block = Math.floor((rack - 1) / racksPerBlock) + 1
  return simulatedNode(name, TRAY, `10.${16 + (rack >> 8)}.${rack & 0xff}.${tray}`, {
    [ZONE_LABEL]: zone,
    [BLOCK_LABEL]: `b${twoDigits(block)}`,
    [RACK_LABEL]: rackName,
    [ACCELERATOR_LABEL]: `nvl-${rackName}`,
    [GPU_CLIQUE_LABEL]: `nvl-${rackName}.0`,
    'node.kubernetes.io/instance-type': 'gb200-nvl72',
    'nvidia.com/gpu.product': 'NVIDIA-GB200',
    'nvidia.com/gpu.count': '4',
  })
}

interface Size {
  readonly capacity: Readonly<Record<string, string>>
  readonly allocatable: Readonly<Record<string, string>>
}

/** A machine of a size and an address; its kubelet says the rest when it registers, the server gives it a uid. */
export function simulatedNode(name: string, size: Size, ip: string, labels: Readonly<Record<string, string>>): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      uid: '',
      resourceVersion: '',
      creationTimestamp: '',
      labels: { [HOSTNAME_LABEL]: name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'arm64', ...labels },
    },
    spec: { providerID: `simulated://${name}` },
    status: {
      capacity: { ...size.capacity },
      allocatable: { ...size.allocatable },
      addresses: [
        { type: 'InternalIP', address: ip },
        { type: 'Hostname', address: name },
      ],
    },
  }
}

/** A machine with eight H100 GPUs; NVLink ends at its walls, so a domain is the machine itself. */
const HGX = {
  capacity: { cpu: '192', memory: '2048Gi', 'ephemeral-storage': '28Ti', pods: '110', [GPU_RESOURCE]: '8' },
  allocatable: { cpu: '188', memory: '2000Gi', 'ephemeral-storage': '26Ti', pods: '110', [GPU_RESOURCE]: '8' },
} as const
const HGX_PER_RACK = 4
const RACKS_PER_BLOCK = 8

/** HGX H100 machines, four a rack, eight racks a block, one zone; named `hgx-r01-n1`. */
function hgxH100(count: number): Node[] {
  return Array.from({ length: count }, (_, i) => {
    const rack = Math.floor(i / HGX_PER_RACK) + 1
    const place = (i % HGX_PER_RACK) + 1
    const rackName = `r${twoDigits(rack)}`
    return simulatedNode(`hgx-${rackName}-n${place}`, HGX, `10.${16 + (rack >> 8)}.${rack & 0xff}.${place}`, {
      [ZONE_LABEL]: 'zone-a',
      [BLOCK_LABEL]: `b${twoDigits(Math.floor((rack - 1) / RACKS_PER_BLOCK) + 1)}`,
      [RACK_LABEL]: rackName,
      'kubernetes.io/arch': 'amd64',
      'node.kubernetes.io/instance-type': 'hgx-h100',
      'nvidia.com/gpu.product': 'NVIDIA-H100-80GB-HBM3',
      'nvidia.com/gpu.count': '8',
    })
  })
}

/** Shapes by the name that a command line gives them: so many nodes, whole racks first. */
export const SHAPES: Readonly<Record<string, (count: number) => Node[]>> = {
  'gb200-nvl72': (count) =>
    gb200Nvl72({ racks: Math.ceil(count / 18), racksPerBlock: RACKS_PER_BLOCK }).slice(0, count),
  'hgx-h100': hgxH100,
}
