import { stringify } from 'yaml'
import { crdOf } from '../crd.ts'
import { KINDS } from '../kinds/all.ts'
import { printDocs } from './docs.ts'
import { printTypes } from './types.ts'

const CRD_HEADER = '# Printed from api/kinds by `npm run generate`; edit there.\n'

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
  ])
}
