/** Builds the control plane's programs before any test file asks for them, so that no two files build the same one. */
import { findPrograms } from './binaries.ts'
import { putKubectlOnPath } from './kubectl-on-path.ts'

export default function setup(): void {
  findPrograms(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok'], { mayBuild: true })
  putKubectlOnPath()
}
