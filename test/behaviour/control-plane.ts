/** One real control plane for every file of the suite: starting one costs more than asking it. */
import type { TestProject } from 'vitest/node'
import { startControlPlane } from '../controlplane/control-plane.ts'
import { putKubectlOnPath } from '../controlplane/kubectl-on-path.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the real control plane's kubeconfig; null where it cannot be had. */
    realKubeconfig: string | null
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  putKubectlOnPath()
  const plane = await startControlPlane({ mayBuild: true })
  project.provide('realKubeconfig', plane?.kubeconfig ?? null)
  return async () => plane?.stop()
}
