import { formatQuantity } from './quantity.ts'

const BYTES = /^(memory|ephemeral-storage|hugepages-.+)$/
const NANOS_PER_UNIT = 1_000_000_000n

/** An amount as people write it. cpu comes in milli-cpu, everything else in its unit: `1500m`, `12Gi`, `16`. */
export function amountText(resource: string, amount: number): string {
  if (resource === 'cpu')
    return formatQuantity({ nanos: (BigInt(Math.ceil(amount)) * NANOS_PER_UNIT) / 1_000n, family: 'decimal' })
  if (BYTES.test(resource)) return bytesText(amount)
  return String(amount)
}

/** To three digits: nobody frees memory to the byte. */
function bytesText(bytes: number): string {
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi']
  let value = bytes
  let at = 0
  while (value >= 1_024 && at < units.length - 1) {
    value /= 1_024
    at++
  }
  return `${Number(value.toPrecision(3))}${units[at]}`
}
