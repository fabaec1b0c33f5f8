/**
 * A group state as bytes: one version byte, then ts-mls's encoding of everything in it. Holds secrets: seal
 * it at rest. Settings are not in it; they come from the context of whoever uses the state.
 */
import { concatBytes, equalBytes, GROUP_ID_BYTES } from '@hyphae/core'
import type { GroupState as TsState } from 'ts-mls'
import { decodeGroupState, groupStateEncoder } from 'ts-mls/clientState.js'
import { decodeExact, encodeExact } from './codec.js'
import type { MlsContext } from './context.js'
import { MlsError } from './errors.js'
import { MAX_EPOCH, MAX_SNAPSHOT_BYTES } from './limits.js'
import { type GroupState, leafAt, unwrapState, wrapState } from './state.js'
import { suiteIdOf } from './suite.js'
import { assertTreeShape } from './tree.js'

const SNAPSHOT_VERSION = 1
const BAD = 'mls/bad-snapshot'

/** Versioned and canonical: equal states give equal bytes. */
export function encodeGroup(state: GroupState): Uint8Array {
  return concatBytes(Uint8Array.of(SNAPSHOT_VERSION), encodeExact(groupStateEncoder, unwrapState(state)))
}

/** The keys in the snapshot are those of the leaf it says is its own. */
function assertOwnLeaf(ctx: MlsContext, state: TsState): void {
  const { privatePath, ratchetTree, signaturePrivateKey } = state
  const leaf = leafAt(ratchetTree, privatePath.leafIndex)
  const key = privatePath.privateKeys[privatePath.leafIndex * 2]
  if (leaf === null || key === undefined) throw new MlsError(BAD)
  const { ed25519, x25519 } = ctx.crypto
  const signs = equalBytes(ed25519.importSeed(signaturePrivateKey).publicKey, leaf.signaturePublicKey)
  const opens = equalBytes(x25519.importPrivateKey(key).publicKey, leaf.hpkePublicKey)
  if (!signs || !opens) throw new MlsError(BAD)
}

function assertConsistent(ctx: MlsContext, state: TsState): void {
  const { groupContext, ratchetTree, historicalReceiverData, groupActiveState, secretTree } = state
  const { cipherSuite, epoch, groupId } = groupContext
  const removed = groupActiveState.kind === 'removedFromGroup'
  if (suiteIdOf(cipherSuite) === null || groupId.length !== GROUP_ID_BYTES || epoch > MAX_EPOCH)
    throw new MlsError(BAD)
  if (groupActiveState.kind === 'suspendedPendingReinit') throw new MlsError(BAD)
  if (secretTree.length !== (removed ? 0 : ratchetTree.length)) throw new MlsError(BAD)
  assertTreeShape(ratchetTree, BAD)
  for (const past of historicalReceiverData.values()) {
    assertTreeShape(past.ratchetTree, BAD)
    if (past.secretTree.length !== past.ratchetTree.length) throw new MlsError(BAD)
  }
  if (!removed) assertOwnLeaf(ctx, state)
}

/**
 * The state that was encoded, ready for use.
 * @throws MlsError `mls/bad-snapshot`, `mls/too-large`
 */
export function decodeGroup(ctx: MlsContext, bytes: Uint8Array): GroupState {
  if (bytes[0] !== SNAPSHOT_VERSION) throw new MlsError(BAD, { details: { version: bytes[0] ?? -1 } })
  const body = bytes.subarray(1)
  const state = decodeExact(decodeGroupState, groupStateEncoder, body, MAX_SNAPSHOT_BYTES, BAD)
  try {
    assertConsistent(ctx, state)
  } catch (cause) {
    throw cause instanceof MlsError && cause.code === BAD ? cause : new MlsError(BAD, { cause })
  }
  return wrapState(state)
}
