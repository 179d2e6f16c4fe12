/**
 * The text, cut to so many UTF-16 units and never inside a character: a server stores something else in the place of
 * half of one, and who compares what stands there with what was meant would write it again without end.
 */
export function shortened(text: string, maxUnits: number): string {
  if (text.length <= maxUnits) return text
  const last = text.charCodeAt(maxUnits - 1)
  const isHalf = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, isHalf ? maxUnits - 1 : maxUnits)
}
