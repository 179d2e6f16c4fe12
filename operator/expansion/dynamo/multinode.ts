import type { Container, EnvVar, Volume } from '../../../api/kinds/kubernetes.ts'
import type { FieldError } from '../../../api/field-error.ts'
import type { CommandLine } from './command-line.ts'
import type { Component, ComponentGraph, Role } from './component.ts'
import type { DynamoConfig } from './config.ts'
import { cliqueName } from './names.ts'

/** One role of one multi-node component, for the engine that starts there. */
export interface EngineRequest {
  readonly graph: ComponentGraph
  readonly component: Component
  readonly config: DynamoConfig
  readonly role: Exclude<Role, 'single'>
  readonly line: CommandLine
  /** The main container as far as it is made; its environment is complete but for the engine's own. */
  readonly main: Container
}

/** What an engine changes in the pods of a role so that they become one engine over several nodes. */
export interface EngineChange {
  readonly line: CommandLine
  /** Appended to the environment, after what is sorted there. */
  readonly env?: readonly EnvVar[]
  readonly probes?: 'keep' | 'remove' | Readonly<Pick<Container, 'readinessProbe'>>
  readonly initContainers?: readonly Container[]
  readonly volumes?: readonly Volume[]
  readonly volumeMounts?: NonNullable<Container['volumeMounts']>
  /** Cliques that must be ready first. */
  readonly startsAfter?: readonly string[]
  /** What the user should know, without any of it being wrong. */
  readonly note?: string
}

export type EngineAnswer = Readonly<{ kind: 'changed'; change: EngineChange } | { kind: 'refused'; error: FieldError }>

/** An engine's part: what it needs on the command line and around it. */
export type StartAcrossNodes = (request: EngineRequest) => EngineAnswer

export const unchanged = (line: CommandLine, rest: Omit<EngineChange, 'line'> = {}): EngineAnswer => ({
  kind: 'changed',
  change: { line, ...rest },
})

/** The rank of a node in its engine: the leader is 0, workers count from 1; theirs needs a shell. */
export const WORKER_RANK = '$((GROVE_PCLQ_POD_INDEX + 1))'
export const rankOf = (role: Role): string => (role === 'leader' ? '0' : WORKER_RANK)

/** The DNS name of pod `index` of a role, in the variables that the kubelet puts into commands. */
export const hostOf = (component: Component, role: Role, index: number): string =>
  `$(GROVE_PCSG_NAME)-$(GROVE_PCSG_INDEX)-${cliqueName(component, role)}-${index}.$(GROVE_HEADLESS_SERVICE)`

export const leaderHost = (component: Component): string => hostOf(component, 'leader', 0)

/** No place on the command line for the flags that the engine needs on several nodes. */
export function noPlace(component: Component, line: CommandLine): EngineAnswer {
  return {
    kind: 'refused',
    error: {
      path: [...component.path, 'extraPodSpec', 'mainContainer', 'command'],
      found: [...line.command, ...line.args],
      want: 'a command that starts the engine as python3 -m dynamo.<engine>, so that the multi-node flags can be added',
      at: null,
    },
  }
}
