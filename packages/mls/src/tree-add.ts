/**
 * Adding leaves to a ratchet tree (RFC 9420 section 7.7), any number at once: ts-mls copies the whole tree for
 * each. Knows nothing of who may be added.
 */
import type { LeafNode, RatchetTree } from 'ts-mls'
import { type LeafIndex, toLeafIndex } from 'ts-mls/treemath.js'

/** Every parent above a new leaf lists it as unmerged; a parent's own list is never changed in place. */
function markUnmerged(tree: RatchetTree, added: readonly LeafIndex[]): void {
  const unmerged = new Map<number, number[]>()
  for (const leaf of added) {
    let node = leaf * 2
    for (let span = 1; span < (tree.length + 1) / 2; span *= 2) {
      // Appendix C: the parent of a node of this height.
      node = (node | span) & ~(span * 2)
      if (tree[node] === undefined) continue
      const below = unmerged.get(node) ?? []
      below.push(leaf)
      unmerged.set(node, below)
    }
  }
  for (const [node, leaves] of unmerged) {
    const at = tree[node]
    if (at?.nodeType !== 'parent') continue
    const unmergedLeaves = [...at.parent.unmergedLeaves, ...leaves].sort((a, b) => a - b)
    tree[node] = { nodeType: 'parent', parent: { ...at.parent, unmergedLeaves } }
  }
}

/** Each leaf takes the leftmost place that is free; the tree doubles when there is none. */
export function addLeaves(
  tree: RatchetTree,
  leaves: readonly LeafNode[],
): { readonly tree: RatchetTree; readonly places: LeafIndex[] } {
  const grown = tree.slice()
  const places: LeafIndex[] = []
  let free = 0
  for (const leaf of leaves) {
    while (free < grown.length && grown[free] !== undefined) free += 2
    if (free > grown.length) {
      const width = grown.length * 2 + 1
      while (grown.length < width) grown.push(undefined)
    }
    grown[free] = { nodeType: 'leaf', leaf }
    places.push(toLeafIndex(free / 2))
  }
  markUnmerged(grown, places)
  return { tree: grown, places }
}
