import type { KubeObject } from '../../../api/kinds/kubernetes.ts'
import { isRecord, listAt, recordAt, stringAt, type Json } from '../json.ts'
import type { ServedType } from '../served-type.ts'
import type { CrdVersion } from './crd-version.ts'
import { printerColumns } from './printer-columns.ts'

const strings = (list: readonly unknown[]): string[] => list.filter((one): one is string => typeof one === 'string')

const dotless = (path: string): string => (path.startsWith('.') ? path.slice(1) : path)

function versionOf(version: Json, storageVersion: string): CrdVersion {
  const schema = recordAt(version, 'schema')['openAPIV3Schema']
  const scale = recordAt(version, 'subresources')['scale']
  return {
    schema: isRecord(schema) ? schema : null,
    columns: printerColumns(listAt(version, 'additionalPrinterColumns')),
    selectableFields: listAt(version, 'selectableFields').map((one) => dotless(stringAt(one, 'jsonPath'))),
    scale: isRecord(scale)
      ? {
          spec: dotless(stringAt(scale, 'specReplicasPath')),
          status: dotless(stringAt(scale, 'statusReplicasPath')),
          selector: scale['labelSelectorPath'] === undefined ? null : dotless(stringAt(scale, 'labelSelectorPath')),
        }
      : null,
    storageVersion,
  }
}

/** The kinds that a CustomResourceDefinition serves, one a version. */
export function servedBy(crd: KubeObject): readonly ServedType[] {
  const spec = recordAt(crd, 'spec')
  const names = recordAt(spec, 'names')
  const group = stringAt(spec, 'group')
  const plural = stringAt(names, 'plural')
  const versions = listAt(spec, 'versions').filter(isRecord)
  const storage = stringAt(
    versions.find((one) => one['storage'] === true),
    'name',
  )
  return versions
    .filter((version) => version['served'] === true)
    .map((version) => {
      const subresources = recordAt(version, 'subresources')
      return {
        group,
        version: stringAt(version, 'name'),
        plural,
        kind: stringAt(names, 'kind'),
        namespaced: spec['scope'] === 'Namespaced',
        singular: stringAt(names, 'singular') || stringAt(names, 'kind').toLowerCase(),
        listKind: stringAt(names, 'listKind') || `${stringAt(names, 'kind')}List`,
        shortNames: strings(listAt(names, 'shortNames')),
        categories: strings(listAt(names, 'categories')),
        subresources: ['status', 'scale'].filter((one) => isRecord(subresources[one])),
        collection: `${group}/${plural}`,
        isAsked: false,
        hasGeneration: true,
        hasStatus: isRecord(subresources['status']),
        model: null,
        crd: versionOf(version, storage),
      }
    })
}
