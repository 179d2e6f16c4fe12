export type RuntimeVersion = readonly [number, number, number]

const VERSION = /^v?(\d+)\.(\d+)\.(\d+)(?:[-+].*)?$/

/** `1.5.0`, `v1.5.0-rc1` → [1, 5, 0]; null for what is no version. */
export function parseVersion(text: string): RuntimeVersion | null {
  const parts = VERSION.exec(text)
  return parts === null ? null : [Number(parts[1]), Number(parts[2]), Number(parts[3])]
}

/** The version in an image's tag: `registry:5000/x/vllm-runtime:0.5.1@sha256:…` → [0, 5, 1]. */
export function imageVersion(image: string): RuntimeVersion | null {
  const [reference = ''] = image.split('@')
  const tag = reference.slice(reference.lastIndexOf('/') + 1).split(':')[1]
  return tag === undefined ? null : parseVersion(tag)
}

/** An unknown version behaves like the oldest. */
export function isAtLeast(version: RuntimeVersion | null, major: number, minor: number): boolean {
  if (version === null) return false
  return version[0] > major || (version[0] === major && version[1] >= minor)
}
