/**
 * The state of one member in one group, as an opaque value: what is inside is ts-mls's and holds secrets, so
 * printing, logging or serialising the value shows none of it.
 */
import type { ClientConfig, GroupContext, LeafNode, RatchetTree, GroupState as TsState } from 'ts-mls'
import { clientConfig, type MlsContext } from './context.js'
import { MlsError } from './errors.js'
import { type SuiteImpl, suiteOf } from './provider.js'
import type { SecretTree } from './secret-tree.js'
import { type MlsSuite, suiteIdOf } from './suite.js'
import type { SyncSuite } from './sync-suite.js'

/** Immutable: every operation returns a new one and leaves the old one as it was. */
export interface GroupState {
  readonly kind: 'mls-group'
}

export interface Member {
  /** Leaf index: stays the same for as long as the member does; used again after a removal. */
  readonly leaf: number
  readonly credential: Uint8Array
  /** Ed25519, 32 bytes. */
  readonly signatureKey: Uint8Array
}

/** What is left of an epoch that has ended: enough to read what was sent in it. */
export interface PastEpoch {
  readonly groupContext: GroupContext
  readonly senderDataSecret: Uint8Array
  readonly secretTree: SecretTree
  /** One bit for each leaf of this epoch whose member still has it; messages of all others are refused. */
  readonly members: Uint8Array
}

/** ts-mls's state, but for the two parts of it that grow with the group and are ours. */
export interface GroupData extends Omit<TsState, 'secretTree' | 'historicalReceiverData'> {
  readonly secretTree: SecretTree
  readonly pastEpochs: ReadonlyMap<bigint, PastEpoch>
}

/** With the settings made from the context. */
export interface ClientState extends GroupData {
  readonly clientConfig: ClientConfig
}

/** What an operation works with: the state, its suite and the settings made from the context. */
export interface Opened {
  readonly client: ClientState
  readonly cs: SuiteImpl
}

const inner = new WeakMap<GroupState, GroupData>()

export function wrapState(state: GroupData): GroupState {
  const handle: GroupState = Object.freeze({ kind: 'mls-group' })
  inner.set(handle, state)
  return handle
}

/** From now on the value is no state any more. */
export function dropState(state: GroupState): void {
  inner.delete(state)
}

/** @throws MlsError `mls/foreign-state` */
export function unwrapState(state: GroupState): GroupData {
  const found = inner.get(state)
  if (found === undefined) throw new MlsError('mls/foreign-state')
  return found
}

/** The suite of a group; only groups of a known suite become states. */
export function groupSuite(state: GroupData): MlsSuite {
  const suite = suiteIdOf(state.groupContext.cipherSuite)
  if (suite === null) throw new MlsError('mls/foreign-state')
  return suite
}

/** @throws MlsError `mls/foreign-state`, `mls/removed` */
export function openState(ctx: MlsContext, handle: GroupState): Opened {
  const state = unwrapState(handle)
  if (state.groupActiveState.kind !== 'active') throw new MlsError('mls/removed')
  return {
    client: { ...state, clientConfig: clientConfig(ctx) },
    cs: suiteOf(ctx.crypto, groupSuite(state), ctx.suites),
  }
}

/** What a group's suite can do, also for a member that has been removed. @throws MlsError `mls/foreign-state` */
export function suiteOfGroup(ctx: MlsContext, handle: GroupState): SyncSuite {
  return suiteOf(ctx.crypto, groupSuite(unwrapState(handle)), ctx.suites).sync
}

/** The leaf node at a leaf index, or null when it is blank or outside the tree. */
export function leafAt(tree: RatchetTree, leaf: number): LeafNode | null {
  const node = tree[leaf * 2]
  return node?.nodeType === 'leaf' ? node.leaf : null
}

/** Only basic credentials enter a group. */
export function credentialBytes(leaf: LeafNode): Uint8Array {
  if (leaf.credential.credentialType !== 'basic') throw new MlsError('mls/bad-credential')
  return leaf.credential.identity
}

export function memberOf(leaf: number, node: LeafNode): Member {
  return { leaf, credential: credentialBytes(node).slice(), signatureKey: node.signaturePublicKey.slice() }
}

/** @throws MlsError `mls/not-a-member` */
export function memberAt(tree: RatchetTree, leaf: number): Member {
  const node = leafAt(tree, leaf)
  if (node === null) throw new MlsError('mls/not-a-member', { details: { leaf } })
  return memberOf(leaf, node)
}

export function membersOf(tree: RatchetTree): Member[] {
  const found: Member[] = []
  for (let index = 0; index < tree.length; index += 2) {
    const node = leafAt(tree, index / 2)
    if (node !== null) found.push(memberOf(index / 2, node))
  }
  return found
}

/** All members in the order of their leaves; copies. */
export function members(state: GroupState): Member[] {
  return membersOf(unwrapState(state).ratchetTree)
}

export function epoch(state: GroupState): number {
  return Number(unwrapState(state).groupContext.epoch)
}

/** The 16 bytes the group was created with. */
export function groupIdOf(state: GroupState): Uint8Array {
  return unwrapState(state).groupContext.groupId.slice()
}

/** This member's leaf index. */
export function ownLeaf(state: GroupState): number {
  return unwrapState(state).privatePath.leafIndex
}

/**
 * Whether this member has committed since it joined. Until it has, its place in the tree is bare: every commit of
 * another carries a ciphertext for it alone, and its keys are those of its KeyPackage.
 */
export function hasUpdated(state: GroupState): boolean {
  const { ratchetTree, privatePath } = unwrapState(state)
  return leafAt(ratchetTree, privatePath.leafIndex)?.leafNodeSource !== 'key_package'
}

/** False once a commit has removed this member. */
export function isActive(state: GroupState): boolean {
  return unwrapState(state).groupActiveState.kind === 'active'
}

/**
 * RFC 9420 section 8.7: equal for all members exactly when they share the epoch and its history. 32 bytes.
 * @throws MlsError `mls/removed`
 */
export function epochAuthenticator(state: GroupState): Uint8Array {
  const { groupActiveState, keySchedule } = unwrapState(state)
  if (groupActiveState.kind !== 'active') throw new MlsError('mls/removed')
  return keySchedule.epochAuthenticator.slice()
}

/** `after` with the message keys that `before` still has. @throws MlsError `mls/foreign-state` */
export function withKeysOf(before: GroupState, after: GroupState): GroupState {
  return wrapState({ ...unwrapState(after), secretTree: unwrapState(before).secretTree })
}
