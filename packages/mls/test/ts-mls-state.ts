// Between our states and those of ts-mls, whose own functions play the careless or the hostile member in tests.
import type { SecretTree as TsSecretTree, ClientState as TsState } from 'ts-mls'
import { expandWithLabel } from '../src/labels.js'
import { newRatchet, type Ratchet } from '../src/ratchet.js'
import type { LeafRatchets, SecretNode } from '../src/secret-tree.js'
import type { ClientState, Opened } from '../src/state.js'
import type { SyncSuite } from '../src/sync-suite.js'
import { text } from './helpers.js'

type TsRatchet = TsSecretTree[number]['application']

function leavesOf(suite: SyncSuite, node: SecretNode, width: number): LeafRatchets[] {
  if (node.kind === 'leaf') return [node]
  const expand = (label: 'tree' | 'handshake' | 'application', context: string): Uint8Array =>
    expandWithLabel(suite, node.kind === 'seed' ? node.secret : new Uint8Array(), label, text(context), 32)
  if (width === 1) {
    const [handshake, application] = [expand('handshake', ''), expand('application', '')].map(newRatchet)
    return [{ kind: 'leaf', handshake: handshake as Ratchet, application: application as Ratchet }]
  }
  const [left, right]: SecretNode[] =
    node.kind === 'branch'
      ? [node.left, node.right]
      : [
          { kind: 'seed', secret: expand('tree', 'left') },
          { kind: 'seed', secret: expand('tree', 'right') },
        ]
  const half = (side: SecretNode | undefined): LeafRatchets[] =>
    leavesOf(suite, side as SecretNode, width / 2)
  return [...half(left), ...half(right)]
}

/** The whole tree of this epoch at once, as ts-mls keeps it. */
export function tsState({ client, cs }: Opened): TsState {
  const { pastEpochs: _, secretTree, ...rest } = client
  const ratchet = ({ secret, generation }: Ratchet): TsRatchet => ({
    secret,
    generation,
    unusedGenerations: {},
  })
  const blank = ratchet(newRatchet(new Uint8Array(32)))
  const tree = leavesOf(cs.sync, secretTree.root, secretTree.width).flatMap(({ handshake, application }) => [
    { handshake: ratchet(handshake), application: ratchet(application) },
    { handshake: blank, application: blank },
  ])
  return { ...rest, secretTree: tree.slice(0, -1), historicalReceiverData: new Map() }
}

export function fromTsState(state: TsState): ClientState {
  const { historicalReceiverData: _, secretTree, ...rest } = state
  const ratchet = ({ secret, generation }: TsRatchet): Ratchet => ({ ...newRatchet(secret), generation })
  const build = (first: number, width: number): SecretNode => {
    const half = width / 2
    if (width > 1) return { kind: 'branch', left: build(first, half), right: build(first + half, half) }
    const { handshake, application } = secretTree[first * 2] as TsSecretTree[number]
    return { kind: 'leaf', handshake: ratchet(handshake), application: ratchet(application) }
  }
  const width = (secretTree.length + 1) / 2
  return { ...rest, secretTree: { width, root: build(0, width) }, pastEpochs: new Map() }
}
