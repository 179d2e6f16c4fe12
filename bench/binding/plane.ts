/** A real control plane for the binding runs: what a server of bench/servers.ts is, with kube-scheduler to be begun. */
import { strict as assert } from 'node:assert'
import { installCrds } from '../../cli/serve.ts'
import type { KubeClient } from '../../kube/client.ts'
import { type ClusterConfig, loadConfig } from '../../kube/config.ts'
import { realClock } from '../../kube/clock.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { NAMESPACES, NODES, SERVICE_ACCOUNTS } from '../../kube/resources.ts'
import type { Transport } from '../../kube/transport.ts'
import { type ControlPlane, NATIVE_GANGS, startControlPlane } from '../../test/controlplane/control-plane.ts'
import { createAll } from '../load.ts'
import { nodesOf, type Shape } from './shapes.ts'

export interface Plane {
  readonly control: ControlPlane
  readonly kubeconfig: string
  readonly config: ClusterConfig
  readonly transport: Transport
  readonly client: KubeClient
  stop(): Promise<void>
}

const WORK_NAMESPACES = ['ceiling-work', 'espalier-work', 'peer-work', 'espalier-system']

/** With the shape's nodes, our CRDs and the namespaces of the parties. Null, after a loud line, without its programs. */
export async function startPlane(shape: Shape, hasPeer: boolean): Promise<Plane | null> {
  const control = await startControlPlane({ controllers: false, scheduler: hasPeer, ...(hasPeer ? NATIVE_GANGS : {}) })
  if (control === null) return null
  if (hasPeer) await endKubeScheduler(control)
  const config = await loadConfig({ kubeconfig: control.kubeconfig })
  const transport = httpTransport(config)
  const client = kubeClient(transport)
  const plane: Plane = {
    control,
    kubeconfig: control.kubeconfig,
    config,
    transport,
    client,
    async stop() {
      await transport.close()
      await control.stop()
    },
  }
  assert.deepEqual(await installCrds(client, realClock), [])
  for (const name of WORK_NAMESPACES) await makeNamespace(client, name)
  await createAll(client, NODES, nodesOf(shape))
  return plane
}

/** It begins again when its work is there. */
async function endKubeScheduler(control: ControlPlane): Promise<void> {
  while (control.pids()['kube-scheduler'] === undefined) await new Promise((resolve) => setTimeout(resolve, 20))
  await control.end('kube-scheduler')
}

/** With the account that pods need: no controller makes it here. */
async function makeNamespace(client: KubeClient, name: string): Promise<void> {
  await createAll(client, NAMESPACES, [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }])
  await createAll(client, SERVICE_ACCOUNTS, [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } },
  ])
}
