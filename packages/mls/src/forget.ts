/**
 * Wiping what a state held and its successors do not (RFC 9420 section 9.2). A separate step, because it must
 * come after the successor is on disk: a rival commit, or a crash before that, still needs the old secrets,
 * and old and new state share most of their arrays.
 */
import { zeroize } from '@hyphae/crypto'
import { NO_SECRET_TREE, type SecretNode, secretsIn } from './secret-tree.js'
import { dropState, type GroupData, type GroupState, unwrapState } from './state.js'

/** The secret tree of an epoch, where a state still holds it. */
function rootOf(state: GroupData, epoch: bigint): SecretNode {
  if (state.groupContext.epoch === epoch) return state.secretTree.root
  return (state.pastEpochs.get(epoch)?.secretTree ?? NO_SECRET_TREE).root
}

/** Every array of a state that is secret, but for nodes of secret trees that one of `others` shares with it. */
export function* secretsOf(state: GroupData, others: readonly GroupData[] = []): Iterable<Uint8Array> {
  yield state.signaturePrivateKey
  yield* Object.values<Uint8Array>({ ...state.keySchedule })
  yield* Object.values(state.privatePath.privateKeys)
  for (const epoch of [state.groupContext.epoch, ...state.pastEpochs.keys()]) {
    const roots = others.map((other) => rootOf(other, epoch))
    yield* secretsIn(rootOf(state, epoch), roots)
  }
  for (const { senderDataSecret } of state.pastEpochs.values()) yield senderDataSecret
}

/**
 * Zeroes the secrets of `state` that none of `kept` needs; `state` is unusable afterwards
 * (`mls/foreign-state`). Call it once the states in `kept` are stored; list every state that is still in
 * use, rivals of the same epoch included. Best effort: a runtime may hold copies of its own.
 * @throws MlsError `mls/foreign-state`
 */
export function forgetGroup(state: GroupState, kept: readonly GroupState[]): void {
  const old = unwrapState(state)
  if (kept.includes(state)) return
  const others = kept.map(unwrapState)
  const needed = new Set(others.flatMap((other) => [...secretsOf(other, [old])]))
  for (const secret of secretsOf(old, others)) if (!needed.has(secret)) zeroize(secret)
  dropState(state)
}
