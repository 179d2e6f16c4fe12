import { afterEach, expect, test } from 'vitest'
import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { valueOrThrow } from '../../kube/answers.ts'
import { realClock } from '../../kube/clock.ts'
import { openServer } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { seededRandom } from '../../kube/random.ts'
import { reflector } from '../../kube/reflector/reflector.ts'
import { CONFIG_MAPS } from '../../kube/resources.ts'
import { createApiServer } from '../../sim/server/api-server.ts'
import { sentenceOf } from './reflected.ts'

const ends: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

test('over a socket, too: the reflector follows the embedded server through a dropped watch', async () => {
  const server = createApiServer({ clock: realClock, random: seededRandom(1) })
  const listening = await server.listen({ port: 0 })
  ends.push(() => listening.close())
  const transport = httpTransport(openServer(listening.url))
  ends.push(() => transport.close())
  const client = kubeClient(transport)
  const told: string[] = []
  let tell: () => void = () => {}
  const until = async (sentence: string): Promise<void> => {
    while (!told.includes(sentence)) await new Promise<void>((resolve) => (tell = resolve))
  }
  const started = reflector<KubeObject>({
    client,
    type: CONFIG_MAPS,
    clock: realClock,
    random: seededRandom(2),
    onDelta: (delta) => {
      told.push(sentenceOf(delta))
      tell()
    },
  })
  started.start()
  ends.push(() => started.stop())
  await started.synced
  const key = { namespace: 'default', name: 'a' }
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: key, data: { value: '1' } }
  valueOrThrow(await client.create(CONFIG_MAPS, object))
  await until('added a=1')
  server.dropWatches(() => true)
  valueOrThrow(await client.mergePatch(CONFIG_MAPS, key, { data: { value: '2' } }))
  await until('updated a=2 (was 1)')
  valueOrThrow(await client.delete(CONFIG_MAPS, key))
  await until('deleted a=2')
  expect(told.filter((sentence) => / a=/.test(sentence))).toEqual(['added a=1', 'updated a=2 (was 1)', 'deleted a=2'])
})
