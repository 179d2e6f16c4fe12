import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { desiredOf, FIXTURES, readGraph } from './dynamo-graphs.ts'

for (const name of readdirSync(FIXTURES).sort()) {
  test(`the graph of ${name} becomes exactly these objects`, async () => {
    const { kind: _kind, ...desired } = desiredOf(readGraph(name))
    const yaml = stringify(desired, { aliasDuplicateObjects: false, lineWidth: 0 })
    await expect(yaml).toMatchFileSnapshot(new URL(`${name}/desired.yaml`, FIXTURES).pathname)
  })
}
