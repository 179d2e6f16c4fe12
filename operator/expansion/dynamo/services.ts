import type { NewObject } from '../../../api/kinds/kubernetes.ts'
import * as names from '../../../api/names.ts'
import type { Component, ComponentGraph } from './component.ts'
import type { DynamoConfig } from './config.ts'
import { HTTP_PORT, SYSTEM_PORT } from './defaults.ts'
import { discoveryOf } from './environment.ts'
import { discoveryLabels, modelHash, sorted } from './metadata.ts'
import { dynamoNamespace, serviceName } from './names.ts'
import { metaOf, shared } from './owned.ts'

/** The front end's Service always; the others' when components find each other through Kubernetes. */
export function componentServices(graph: ComponentGraph, config: DynamoConfig): NewObject[] {
  const isDiscovered = discoveryOf(graph, config) === 'kubernetes'
  return graph.components
    .filter(({ type }) => type === 'frontend' || isDiscovered)
    .map((component) => componentService(graph, component, config))
}

function componentService(graph: ComponentGraph, component: Component, config: DynamoConfig): NewObject {
  const name = component.type === 'frontend' ? 'http' : 'system'
  const port = component.type === 'frontend' ? HTTP_PORT : SYSTEM_PORT
  const labels = sorted({
    ...component.labels,
    [names.DYNAMO_GRAPH]: graph.name,
    ...discoveryLabels(graph, config),
  })
  const annotations = sorted(component.annotations)
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      ...metaOf(graph, serviceName(graph.name, component), labels),
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
    spec: {
      type: 'ClusterIP',
      selector: {
        [names.DYNAMO_COMPONENT]: component.name,
        ...(component.type !== '' && { [names.DYNAMO_COMPONENT_TYPE]: component.type }),
        [names.DYNAMO_NAMESPACE]: dynamoNamespace(graph.namespace, graph.name, component),
      },
      ports: [{ name, port, targetPort: name, protocol: 'TCP' }],
    },
  }
}

/** A headless Service a model, over all pods of the namespace that serve it, whichever graph they are of. */
export function modelServices(graph: ComponentGraph): NewObject[] {
  const models = new Set(graph.components.flatMap(({ modelName }) => (modelName === null ? [] : [modelName])))
  return [...models].sort().map((model) => shared(modelService(graph, model)))
}

const modelService = (graph: ComponentGraph, model: string): NewObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    ...metaOf(graph, `dynamo-model-${modelHash(model)}`, {}),
    annotations: { [names.DYNAMO_BASE_MODEL]: model },
  },
  spec: {
    clusterIP: 'None',
    selector: { [names.DYNAMO_BASE_MODEL_HASH]: modelHash(model) },
    ports: [{ name: 'system', port: SYSTEM_PORT, targetPort: 'system', protocol: 'TCP' }],
  },
})
