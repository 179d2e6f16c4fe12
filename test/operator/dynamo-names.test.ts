import { expect, test } from 'vitest'
import type { Component } from '../../operator/expansion/dynamo/component.ts'
import { componentLength, setName, shortHash } from '../../operator/expansion/dynamo/names.ts'

const component = (lowerName: string, nodeCount = 1): Component => ({ lowerName, nodeCount }) as Component

test('names that are too long end in the published hash', () => {
  expect(shortHash('my-very-long-dynamo-graph-deployment-name')).toBe('981d')
  expect(shortHash('deepseek-r1-trtllm-wide-ep-gb200-production')).toBe('562b')
  expect(shortHash('llama-3-70b-disagg-production-cluster-east')).toBe('1585')
})

test('a service over several nodes counts twice, once with its role', () => {
  expect(componentLength(component('decode', 4))).toBe(16)
  expect(componentLength(component('prefill'))).toBe(7)
})

test('a set keeps the name of its graph while 45 characters hold it beside the longest component', () => {
  expect(setName('a'.repeat(29), [component('decode', 4)])).toBe('a'.repeat(29))
  expect(setName('a'.repeat(30), [component('decode', 4)])).toMatch(/^a{24}-[0-9a-f]{4}$/)
  expect(setName('llama-3-70b-disagg-production-cluster-east', [component('frontend'), component('decode', 4)])).toBe(
    'llama-3-70b-disagg-produ-1585',
  )
})
