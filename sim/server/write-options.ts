import { invalid } from './api-error.ts'
import type { Target } from './target.ts'

export interface WriteOptions {
  readonly isDryRun: boolean
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore'
  /** Field manager, by parameter or from the User-Agent. */
  readonly manager: string
  readonly isForced: boolean
  /** The owners of fields are settled already: by server-side apply. */
  readonly isApply: boolean
  /** What changes is owned by way of `scale`. */
  readonly writesScale?: boolean
  /** Texts for Warning headers, gathered on the way. */
  readonly warnings: string[]
}

const LONGEST_MANAGER = 128

export function writeOptions({ query, request }: Target): WriteOptions {
  const dryRun = query.getAll('dryRun')
  if (dryRun.some((value) => value !== 'All')) {
    const values = JSON.stringify(dryRun)
    throw invalid({ group: 'meta.k8s.io', plural: '', kind: 'CreateOptions' }, '', [
      { type: 'NotSupported', field: 'dryRun', value: JSON.parse(values), detail: 'supported values: "All"' },
    ])
  }
  const validation = query.get('fieldValidation') ?? ''
  if (!['', 'Strict', 'Warn', 'Ignore'].includes(validation)) {
    throw invalid({ group: 'meta.k8s.io', plural: '', kind: 'CreateOptions' }, '', [
      {
        type: 'NotSupported',
        field: 'fieldValidation',
        value: validation,
        detail: 'supported values: "", "Ignore", "Strict", "Warn"',
      },
    ])
  }
  const manager = query.get('fieldManager') ?? ''
  if (Buffer.byteLength(manager) > LONGEST_MANAGER) {
    throw invalid({ group: 'meta.k8s.io', plural: '', kind: 'CreateOptions' }, '', [
      { type: 'TooLong', field: 'fieldManager', detail: `may not be more than ${LONGEST_MANAGER} bytes` },
    ])
  }
  const agent = (request.headers['user-agent'] ?? 'unknown').split('/')[0]!
  return {
    isDryRun: dryRun.length > 0,
    fieldValidation: validation === '' ? 'Warn' : (validation as WriteOptions['fieldValidation']),
    manager: manager || agent,
    isForced: query.get('force') === 'true',
    isApply: (request.headers['content-type'] ?? '').startsWith('application/apply-patch'),
    warnings: [],
  }
}

/** The header that carries warnings to kubectl; one header line, values apart by commas. */
export function warningHeaders(warnings: readonly string[]): Record<string, string> {
  if (warnings.length === 0) return {}
  return { warning: warnings.map((text) => `299 - ${JSON.stringify(text)}`).join(', ') }
}
