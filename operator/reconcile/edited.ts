import type { KubeObject } from '../../api/kinds/kubernetes.ts'
import { sameJson } from '../same-json.ts'

/** What a reconciler reads of it changed: anything but status. */
export function isEdited(object: KubeObject, before: KubeObject | null): boolean {
  if (before === null) return true
  const [now, then] = [object.metadata, before.metadata]
  if (now.generation !== then.generation || now.deletionTimestamp !== then.deletionTimestamp) return true
  return !MARKS.every((marks) => sameJson(now[marks], then[marks]))
}

const MARKS = ['labels', 'annotations', 'finalizers'] as const
