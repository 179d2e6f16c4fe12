import { readdirSync } from 'node:fs'
import { parse } from 'yaml'
import { expect, test } from 'vitest'
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { asSet, budgetsOf, expandAll, readSet, toYaml } from './expand.ts'
import { WORKLOADS, workloadYaml } from './workloads.ts'

const cases = new URL('../fixtures/expansion/', import.meta.url)
const file = (name: string, part: string): string => new URL(`${name}/${part}`, cases).pathname

for (const name of readdirSync(cases).filter((each) => !each.startsWith('workload'))) {
  test(`expands ${name}`, async () => {
    await expect(toYaml(expandAll(readSet(file(name, 'set.yaml'))))).toMatchFileSnapshot(file(name, 'objects.yaml'))
  })
}

for (const name of Object.keys(WORKLOADS)) {
  test(`expands the published ${name}`, async () => {
    const set = asSet(parse(workloadYaml(name)) as NewObject)
    await expect(toYaml(expandAll(set))).toMatchFileSnapshot(file(name, 'objects.yaml'))
  })
}

test('expands the disruption budgets of the worked example', async () => {
  const budgets = budgetsOf(readSet(file('worked-example', 'set.yaml')))
  await expect(toYaml(budgets)).toMatchFileSnapshot(file('worked-example', 'budgets.yaml'))
})
