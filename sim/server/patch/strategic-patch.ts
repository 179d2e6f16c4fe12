import { mergePatch } from './merge-patch.ts'
import type { Shape } from '../shape.ts'

export const strategicPatch = (target: unknown, patch: unknown, _shape: Shape): unknown => mergePatch(target, patch)
