import { stringify } from 'yaml'
import { crdOf } from '../crd.ts'
import { KINDS } from '../kinds/all.ts'
import type { NewObject } from '../kinds/kubernetes.ts'
import { accessOf, systemNamespace } from '../rbac/manifests.ts'
import { OPERATOR_PERMISSIONS, SCHEDULER_PERMISSIONS } from '../rbac/permissions.ts'
import { printDocs } from './docs.ts'
import { printTypes } from './types.ts'

const CRD_HEADER = '# Printed from api/kinds by `npm run generate`; edit there.\n'
const RBAC_HEADER = '# Printed from api/rbac by `npm run generate`; edit there.\n'

const manifest = (objects: readonly NewObject[]): string =>
  RBAC_HEADER + objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n')

/** Every printed file: its path from the root of the repository, and its text. */
export function printedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['api/generated/kinds.ts', printTypes(KINDS)],
    ['docs/api.md', printDocs(KINDS)],
    ...KINDS.map(
      (kind) =>
        [
          `deploy/crds/${kind.group}_${kind.plural}.yaml`,
          CRD_HEADER + stringify(crdOf(kind), { lineWidth: 0, aliasDuplicateObjects: false }),
        ] as const,
    ),
    ['deploy/rbac/namespace.yaml', manifest([systemNamespace()])],
    ['deploy/rbac/operator.yaml', manifest(accessOf(OPERATOR_PERMISSIONS))],
    ['deploy/rbac/scheduler.yaml', manifest(accessOf(SCHEDULER_PERMISSIONS))],
  ])
}
