import { describe } from 'vitest'
import { gb200Nvl72 } from '../../sim/shapes.ts'
import { startInProcess } from '../in-process.ts'
import { samplesSettle } from './samples.ts'

describe('samples', () => {
  samplesSettle(() => startInProcess({ nodes: gb200Nvl72({ racks: 4, racksPerBlock: 2 }) }))
})
