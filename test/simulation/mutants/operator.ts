import { m, type Mutant } from './mutant.ts'

export const OF_THE_OPERATOR: readonly Mutant[] = [
  m(
    'the operator sends again what was turned away when there is news',
    'B36',
    'kube/patient-client.ts',
    'if (known !== undefined && leftMs > 0)',
    'if (known !== undefined && leftMs > 1e9)',
  ),
  m(
    'the operator takes a refused delete for done',
    'B41',
    'operator/writer.ts',
    'const found = answer.status === 404 ?',
    "const found = answer.status === 404 || answer.reason === 'Conflict' ?",
    'what may not be deleted',
  ),
  m(
    'what the operator knows to be gone comes back with an old event',
    'B12',
    'operator/store.ts',
    'if (this.#goneUntold.has(uid)) {',
    'if (this.#goneUntold.has(uid) && uid === "") {',
    'a pod that a delete has found gone',
  ),
]
