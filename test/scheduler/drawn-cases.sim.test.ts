import { describe, expect, test } from 'vitest'
import { simulateManifests } from '../../cli/simulation.ts'
import { brokenWants, drawnCases, objectsOf } from './drawn-cases.ts'

describe('drawn cases, through simulate', () => {
  for (const drawn of drawnCases()) {
    test(drawn.id, async () => {
      const result = await simulateManifests(objectsOf(drawn).map((object) => ({ object, at: drawn.id })))
      expect(result.ignored).toEqual([])
      expect(brokenWants(drawn, result)).toEqual([])
    })
  }
})
