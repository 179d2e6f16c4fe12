/** kubectl for test files: the machine's, else that of KUBEBUILDER_ASSETS or the cache, else built once. */
import { spawnSync } from 'node:child_process'
import { delimiter, dirname } from 'node:path'
import { findProgram } from './binaries.ts'

/** Before test files start: they inherit the PATH of this process. */
export function putKubectlOnPath(): void {
  if (spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).status === 0) return
  const file = findProgram('kubectl', { mayBuild: true })
  if (file !== null) process.env['PATH'] = `${dirname(file)}${delimiter}${process.env['PATH'] ?? ''}`
}
