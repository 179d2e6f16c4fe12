import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { crdOf } from '../../api/crd.ts'
import { printedFiles } from '../../api/generate/files.ts'
import { KINDS } from '../../api/kinds/all.ts'

const root = new URL('../../', import.meta.url)

describe('what is printed from the kinds', () => {
  for (const [path, text] of printedFiles()) {
    test(`${path} says what the definitions say; if not, npm run generate`, () => {
      expect(readFileSync(new URL(path, root), 'utf8')).toBe(text)
    })
  }

  test('the names that manifests and tools use are there', () => {
    const names = KINDS.map((kind) => `${crdOf(kind).metadata.name} ${kind.shortNames.join(' ')}`)
    expect(names).toEqual([
      'podcliquesets.grove.io pcs',
      'podcliques.grove.io pclq',
      'podcliquescalinggroups.grove.io pcsg',
      'podgangs.scheduler.grove.io pg',
      'clustertopologybindings.grove.io ct',
      'podgangsets.grove.io pgs',
      'dynamographdeployments.nvidia.com dgd',
    ])
  })

  test('kubectl apply can keep each CRD in its annotation of 262144 bytes', () => {
    for (const kind of KINDS) expect(JSON.stringify(crdOf(kind)).length).toBeLessThan(262_144)
  })

  test('every list says how appliers merge it, and every field what it means', () => {
    const told: string[] = []
    const walk = (schema: Record<string, unknown>, path: string, isRoot: boolean): void => {
      if (schema['type'] === 'array' && schema['x-kubernetes-list-type'] === undefined) told.push(path)
      if (!isRoot && typeof schema['description'] !== 'string') told.push(path)
      for (const [name, field] of Object.entries((schema['properties'] ?? {}) as Record<string, object>)) {
        if (isRoot && name !== 'spec' && name !== 'status') continue
        walk(field as Record<string, unknown>, `${path}.${name}`, false)
      }
      for (const inner of ['items', 'additionalProperties']) {
        if (typeof schema[inner] === 'object') walk(schema[inner] as Record<string, unknown>, `${path}[]`, false)
      }
    }
    for (const kind of KINDS) {
      const { versions } = crdOf(kind)['spec'] as {
        versions: { schema: { openAPIV3Schema: Record<string, unknown> } }[]
      }
      for (const { schema } of versions) walk(schema.openAPIV3Schema, kind.kind, true)
    }
    expect(told).toEqual([])
  })
})
