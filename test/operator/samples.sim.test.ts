import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { DYNAMO_GRAPHS, POD_CLIQUE_SETS } from '../../kube/resources.ts'
import { World } from './dynamo-world.ts'

const SAMPLES = new URL('../../deploy/samples/', import.meta.url)
const files = readdirSync(SAMPLES).filter((name) => name.endsWith('.yaml'))
const text = (file: string): string => readFileSync(new URL(file, SAMPLES), 'utf8')

for (const file of files) {
  test(`${file} is accepted by the schema, says what it shows, and is listed`, async () => {
    const world = await World.started()
    const object = parse(text(file)) as NewObject
    const type = object.kind === 'PodCliqueSet' ? POD_CLIQUE_SETS : DYNAMO_GRAPHS
    await world.create(type, { ...object, metadata: { ...object.metadata, namespace: 'default' } })
    expect(object.metadata.namespace).toBeUndefined()
    expect(text(file)).toMatch(/^# /)
    expect(text('README.md')).toContain(`\`${file}\``)
  })
}
