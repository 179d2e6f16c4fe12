import type { Container } from '../../../api/kinds/kubernetes.ts'
import type { CommandLine } from './command-line.ts'
import type { Component, ComponentGraph, Engine } from './component.ts'
import type { DynamoConfig } from './config.ts'
import type { TypeDefaults } from './defaults.ts'
import { commonEnv, mergeEnv } from './environment.ts'
import type { EngineChange } from './multinode.ts'
import { cacheOf, mainMounts } from './volumes.ts'

export const MAIN = 'main'

/** The engine's container of a component, as it is before an engine that spans nodes changes it. */
export function mainContainer(
  graph: ComponentGraph,
  component: Component,
  config: DynamoConfig,
  defaults: TypeDefaults,
  engine: Engine | null,
): Container {
  const { name: _name, ...main } = component.main
  const volumeMounts = mainMounts(component, engine)
  const env = mergeEnv(commonEnv(graph, component, config), defaults.env, graph.env, main.env)
  const cache = engine === 'vllm' ? cacheOf(component, engine) : null
  if (cache !== null && !env.some(({ name }) => name === 'VLLM_CACHE_ROOT')) {
    env.push({ name: 'VLLM_CACHE_ROOT', value: cache.mountPath })
  }
  return {
    name: MAIN,
    ...ownCommandStandsAlone(defaults.container, main),
    ...main,
    env,
    ...(volumeMounts.length > 0 && { volumeMounts }),
  }
}

/** Default arguments belong to the default command: a user's command does not get them. */
function ownCommandStandsAlone(defaults: TypeDefaults['container'], main: Component['main']): Partial<Container> {
  if (main.command === undefined) return defaults
  const { args: _args, ...rest } = defaults
  return rest
}

export const commandLineOf = ({ command = [], args = [] }: Partial<Container>): CommandLine => ({ command, args })

/** The main container with what its engine needs to span nodes. */
export function withEngineChange(
  main: Container,
  { line, env = [], probes = 'keep', ...rest }: EngineChange,
): Container {
  const volumeMounts = [...(main.volumeMounts ?? []), ...(rest.volumeMounts ?? [])]
  const told = new Set(main.env?.map(({ name }) => name))
  return {
    ...(probes === 'keep' ? main : withoutProbes(main)),
    ...(typeof probes === 'object' && probes),
    ...(line.command.length > 0 && { command: [...line.command] }),
    ...(line.args.length > 0 && { args: [...line.args] }),
    env: [...(main.env ?? []), ...env.filter(({ name }) => !told.has(name))],
    ...(volumeMounts.length > 0 && { volumeMounts }),
  }
}

function withoutProbes(container: Container): Container {
  const { livenessProbe: _live, readinessProbe: _ready, startupProbe: _start, ...rest } = container
  return rest
}
