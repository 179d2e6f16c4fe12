/** The published Dynamo-on-Grove example against `espalier up`; `test/controlplane/product.e2e.test.ts` has the real one. */
import { afterAll, beforeAll, describe } from 'vitest'
import { hasKubectl, Up } from './espalier.ts'
import { publishedExample } from './published-example.ts'

describe.skipIf(!hasKubectl)('the published example', () => {
  let up: Up
  beforeAll(async () => {
    up = await Up.start(['--no-sample'])
  })
  afterAll(() => up?.stop())
  publishedExample(() => up, { hasKubelets: true })
})
