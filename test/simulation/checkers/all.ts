import type { Checker } from '../observer.ts'
import { capacity } from './capacity.ts'
import { constraint } from './constraint.ts'
import { lease } from './lease.ts'
import { manners } from './manners.ts'
import { needless } from './needless.ts'
import { node } from './node.ts'
import { pod } from './pod.ts'
import { refusal } from './refusal.ts'
import { rival } from './rival.ts'
import { status } from './status.ts'
import { surplus } from './surplus.ts'
import { undo } from './undo.ts'
import { words } from './words.ts'

/** Asked of every write, as it happens. What is asked at rest: rest.ts. */
export const CHECKERS: readonly Checker[] = [
  capacity,
  constraint,
  lease,
  manners,
  needless,
  node,
  pod,
  refusal,
  rival,
  status,
  surplus,
  undo,
  words,
]
