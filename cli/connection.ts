/** Which cluster a command asks: the flags for it, and the client. */
import { loadConfig } from '../kube/config.ts'
import { httpTransport } from '../kube/http-transport.ts'
import type { KubeClient } from '../kube/client.ts'
import { kubeClient } from '../kube/kube-client.ts'
import type { Transport } from '../kube/transport.ts'
import { type Flag, type Flags, messageOf, Refused, text } from './command.ts'

export const CONNECTION_FLAGS: readonly Flag[] = [
  { usage: '--kubeconfig <file>', summary: 'which cluster; without it: $KUBECONFIG, in-cluster, ~/.kube/config' },
  { usage: '--context <name>', summary: 'context of the kubeconfig' },
]

export interface Connection {
  readonly client: KubeClient
  /** Over connections of its own: a Lease is renewed in time, whatever waits for an answer on the others. */
  readonly leaseClient: KubeClient
  readonly close: () => Promise<void>
}

/** A renewal, and the one before it where that hangs. */
const LEASE_CONNECTIONS = 2

/** `around`: what every request goes through, for whoever counts them. Throws Refused where no kubeconfig can be read. */
export async function connect(
  flags: Flags,
  around: (transport: Transport) => Transport = (transport) => transport,
): Promise<Connection> {
  const kubeconfig = text(flags, 'kubeconfig')
  const context = text(flags, 'context')
  const source = { ...(kubeconfig !== null && { kubeconfig }), ...(context !== null && { context }) }
  const config = await loadConfig(source).catch((error: unknown) => {
    throw new Refused(messageOf(error), 2)
  })
  const transport = around(httpTransport(config))
  const leases = around(httpTransport(config, { connections: LEASE_CONNECTIONS }))
  return {
    client: kubeClient(transport),
    leaseClient: kubeClient(leases),
    close: async () => {
      await Promise.all([transport.close(), leases.close()])
    },
  }
}
