import { type Document, isNode, visit } from 'yaml'

/** An alias that stands for nothing: `*name` without `&name` before it. */
export interface LooseAlias {
  readonly name: string
  readonly offset: number
}

/** In the order of the text. O(nodes), where resolving each alias for itself would go through the document every time. */
export function looseAliases(document: Document): LooseAlias[] {
  const anchors = new Set<string>()
  const loose: LooseAlias[] = []
  visit(document, {
    Alias: (_, { source, range }) => {
      if (!anchors.has(source)) loose.push({ name: source, offset: range?.[0] ?? 0 })
    },
    Value: (_, node) => {
      if (isNode(node) && 'anchor' in node && typeof node.anchor === 'string') anchors.add(node.anchor)
    },
  })
  return loose
}

export const anchorWanted = ({ name }: LooseAlias): string => `an anchor that stands before it: there is no &${name}`
