/**
 * Wiping what a state held and its successors do not (RFC 9420 section 9.2). A separate step, because it must
 * come after the successor is on disk: a rival commit, or a crash before that, still needs the old secrets,
 * and old and new state share most of their arrays.
 */
import { zeroize } from '@hyphae/crypto'
import type { GroupState as TsState } from 'ts-mls'
import type { SecretTree } from 'ts-mls/secretTree.js'
import { dropState, type GroupState, unwrapState } from './state.js'

function* ratchetSecrets(tree: SecretTree): Iterable<Uint8Array> {
  for (const { handshake, application } of tree)
    for (const { secret, unusedGenerations } of [handshake, application]) {
      yield secret
      yield* Object.values(unusedGenerations)
    }
}

/** Every array of a state that is secret. */
export function* secretsOf(state: TsState): Iterable<Uint8Array> {
  yield state.signaturePrivateKey
  yield* Object.values<Uint8Array>({ ...state.keySchedule })
  yield* Object.values(state.privatePath.privateKeys)
  yield* ratchetSecrets(state.secretTree)
  for (const past of state.historicalReceiverData.values()) {
    yield past.senderDataSecret
    yield past.resumptionPsk
    yield* ratchetSecrets(past.secretTree)
  }
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
  const needed = new Set(kept.flatMap((other) => [...secretsOf(unwrapState(other))]))
  for (const secret of secretsOf(old)) if (!needed.has(secret)) zeroize(secret)
  dropState(state)
}
