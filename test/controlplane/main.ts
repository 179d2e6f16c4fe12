/** `npm run controlplane`: a real control plane until Ctrl-C; prints its kubeconfig. */
import { startControlPlane } from './control-plane.ts'

const plane = await startControlPlane({ mayBuild: true })
if (plane === null) process.exit(1)
process.stdout.write(`kubeconfig: ${plane.kubeconfig}\n`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void plane.stop().then(() => process.exit(0)))
}
