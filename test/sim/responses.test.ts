import { describe, expect, test } from 'vitest'
import type { Pod } from '../../api/kinds/kubernetes.ts'
import { modelOf } from '../../sim/nodes/models.ts'
import { respond } from '../../sim/nodes/responses.ts'

const pod = (name: string, type: string, args: string[], ready = true, dynamoNamespace = 'd'): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'default',
    uid: name,
    resourceVersion: '1',
    creationTimestamp: '',
    labels: { 'nvidia.com/dynamo-component-type': type, 'nvidia.com/dynamo-namespace': dynamoNamespace },
  },
  spec: { containers: [{ name: 'main', args }] },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
})

const frontend = pod('f', 'frontend', [])
const ask = (
  method: string,
  path: string,
  pods: Pod[],
  body = '',
): { status: number; body: string; header: string | undefined } => {
  const { status, headers, body: text } = respond({ method, path, body }, frontend, [frontend, ...pods], 1_000)
  return { status, body: text, header: headers['x-espalier-simulated'] }
}
const modelsOf = (...pods: Pod[]): string[] =>
  (JSON.parse(ask('GET', '/v1/models', pods).body) as { data: { id: string }[] }).data.map(({ id }) => id)

describe('a simulated frontend', () => {
  test('lists each model of Ready workers of its own Dynamo namespace once, in order of name', () => {
    const workers = [
      pod('a', 'worker', ['--model', 'z/two']),
      pod('b', 'decode', ['--model', 'a/one']),
      pod('c', 'prefill', ['--model', 'a/one']),
      pod('d', 'worker', ['--model', 'not/ready'], false),
      pod('e', 'worker', ['--model', 'not/mine'], true, 'other'),
    ]
    expect(modelsOf(...workers)).toEqual(['a/one', 'z/two'])
  })

  test('lists nothing and completes nothing without a Ready worker', () => {
    expect(modelsOf()).toEqual([])
    expect(ask('POST', '/v1/completions', [], '{"prompt":"x"}').status).toBe(503)
  })

  test.each([
    ['an unknown model', '{"model":"no/such","prompt":"x"}', 404],
    ['no JSON', 'hello', 400],
    ['a plain prompt', '{"prompt":"x"}', 200],
    ['a stream', '{"prompt":"x","stream":true}', 200],
  ])('answers %s', (_what, body, status) => {
    const found = ask('POST', '/v1/completions', [pod('a', 'worker', ['--model', 'm'])], body)
    expect([found.status, found.header]).toEqual([status, 'true'])
  })

  test('is alive and healthy', () => {
    expect([ask('GET', '/live', []).status, ask('GET', '/health?x=1', []).status]).toEqual([200, 200])
  })
})

test('any other container says who it is', () => {
  const worker = pod('w', 'worker', [])
  expect(respond({ method: 'GET', path: '/', body: '' }, worker, [], 0)).toMatchObject({
    status: 200,
    body: 'w (simulated)\n',
  })
})

describe('the model of a worker', () => {
  test.each([
    [['--model', 'Qwen/Qwen3-0.6B'], 'Qwen/Qwen3-0.6B'],
    [['--model-path=/models/x', '--tp-size', '8'], '/models/x'],
    [['--model-path', '/models/x', '--served-model-name', 'x'], 'x'],
    [['ulimit -l unlimited && python3 -m dynamo.sglang --model-path m --tp-size 12 | tee run.log'], 'm'],
    [["exec python3 -m dynamo.vllm --model 'quo/ted' --headless"], 'quo/ted'],
    [['--tp-size', '8'], null],
  ])('of %j is %s', (args, model) => {
    expect(modelOf(pod('w', 'worker', args))).toBe(model)
  })
})
