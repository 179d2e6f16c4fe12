import { withFlags } from './command-line.ts'
import { leaderHost, noPlace, rankOf, type StartAcrossNodes, unchanged } from './multinode.ts'

const INIT_PORT = 29_500

/** SGLang joins its nodes at one address and wants to know how many they are and which one it is. */
export const startSglang: StartAcrossNodes = ({ component, role, line }) => {
  const tokens = ['--dist-init-addr', `${leaderHost(component)}:${INIT_PORT}`]
  tokens.push('--nnodes', String(component.nodeCount), '--node-rank', rankOf(role))
  const changed = withFlags(line, { tokens, needsShell: role === 'worker' })
  if (changed === null) return noPlace(component, line)
  return unchanged(changed, { probes: role === 'worker' ? 'remove' : 'keep' })
}
