import { execFileSync } from 'node:child_process'
import { assert, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { enginesIn, flagValue, quoted, withFlags, wordsOf } from '../../operator/expansion/dynamo/command-line.ts'

const line = (command: string[], args: string[] = []) => ({ command, args })
const run = { numRuns: 40, seed: Number(process.env['SEED'] ?? 1) }

describe('the engine in a command', () => {
  const found: readonly (readonly [string[], string[], string[]])[] = [
    [['python3', '-m', 'dynamo.vllm'], [], ['vllm']],
    [['/bin/bash', '-c'], ['cd x && python3.11 -u -m dynamo.sglang --x'], ['sglang']],
    [['/opt/venv/bin/python'], ['-m', 'dynamo.trtllm'], ['trtllm']],
    [['numactl', '--interleave=all', 'python3', '-m', 'dynamo.vllm'], [], ['vllm']],
    [['/bin/sh', '-c'], ['python3 -m dynamo.vllm & python3 -m dynamo.sglang'], ['vllm', 'sglang']],
    [['python3', '-m', 'dynamo.mocker'], [], []],
    [['python3', '-m', 'dynamo.vllm_mock'], [], []],
    [['/bin/sh', '-c'], ['python3 prepare.py; echo -m dynamo.vllm'], []],
    [['mypython', '-m', 'dynamo.vllm'], [], []],
  ]
  for (const [command, args, engines] of found) {
    test(`${[...command, ...args].join(' ')} starts ${engines.join(' and ') || 'none that we know'}`, () => {
      expect(enginesIn(line(command, args))).toEqual(engines)
    })
  }
})

describe('flags for an engine', () => {
  const flags = { tokens: ['--node-rank', '0'], needsShell: false }
  const ranked = { tokens: ['--node-rank', '$((GROVE_PCLQ_POD_INDEX + 1))'], needsShell: true }

  test('are arguments of a plain command', () => {
    expect(withFlags(line(['/usr/bin/python3', '-m'], ['dynamo.vllm', '--x']), flags)).toEqual(
      line(['/usr/bin/python3', '-m'], ['dynamo.vllm', '--x', '--node-rank', '0']),
    )
  })
  test('that need a shell get one, which ends with the engine', () => {
    expect(withFlags(line(['python3', '-m', 'dynamo.vllm'], ['--config', '{"a b": "$(X)"}']), ranked)).toEqual(
      line(
        ['sh', '-c'],
        [`exec python3 -m dynamo.vllm --config '{"a b": "$(X)"}' --node-rank $((GROVE_PCLQ_POD_INDEX + 1))`],
      ),
    )
  })
  test('stand after the module, also when a path further on names it again', () => {
    const text = 'ulimit -n 9 && python3 -m dynamo.vllm --model /models/dynamo.vllm/x --port 1 | tee log'
    expect(withFlags(line(['bash', '-c'], [text]), flags)?.args).toEqual([
      'ulimit -n 9 && python3 -m dynamo.vllm --node-rank 0 --model /models/dynamo.vllm/x --port 1 | tee log',
    ])
  })
  test('find a text that stands in the command', () => {
    expect(withFlags(line(['bash', '-c', 'python3 -m dynamo.vllm --x']), flags)).toEqual(
      line(['bash', '-c', 'python3 -m dynamo.vllm --node-rank 0 --x']),
    )
  })
  test('have no place where nothing of ours is started', () => {
    expect(withFlags(line(['bash', '-c'], ['./start.sh']), flags)).toBeNull()
    expect(withFlags(line(['./start.sh']), flags)).toBeNull()
    expect(withFlags(line([], []), flags)).toBeNull()
  })
})

test('a flag is read in every spelling, the last one counting', () => {
  const words = wordsOf(line(['sh', '-c'], ['python3 -m dynamo.vllm -tp 2 --data-parallel-size="16"', '-tp=4']))
  expect(flagValue(words, ['--tensor-parallel-size', '-tp'])).toBe('4')
  expect(flagValue(words, ['--data-parallel-size', '-dp'])).toBe('16')
  expect(flagValue(words, ['--pipeline-parallel-size'])).toBeNull()
})

test('a quoted token reaches the program as it was, whatever is in it', () => {
  assert(
    property(string({ unit: 'binary-ascii', maxLength: 12 }), (raw) => {
      const token = raw.replaceAll('\0', '')
      const shown = execFileSync('/bin/sh', ['-c', `printf '%s|' ${quoted(token)} end`], { encoding: 'utf8' })
      expect(shown).toBe(`${token}|end|`)
    }),
    run,
  )
})
