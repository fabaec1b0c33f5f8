/**
 * Sending (Double Ratchet sections 3.4 and 4.4; spec/session.md, "Sending").
 *
 * When the peer's newest ratchet key has not been answered yet, a new key pair and chain are made first. In suite 2
 * the post-quantum ratchet gives the epoch's key, which is mixed in, and fills the padding.
 */
import { type SessionCrypto, zeroize } from '@hyphae/crypto'
import {
  frameMask,
  isSealedSize,
  PQ_EPOCH_MODULUS,
  type SealedSize,
  sealFrame,
  USABLE_BYTES,
} from '@hyphae/tlv'
import { RatchetError } from './errors.js'
import { chainStep, mixKey, rootStep } from './kdf.js'
import { MAX_CHAIN_MESSAGES } from './limits.js'
import { readySide } from './ready-side.js'
import { coreOf, type ReadySide, type SessionCore, type SessionState, sessionOf } from './session.js'

export interface EncryptInput {
  /** At most USABLE_BYTES[size]. */
  readonly body: Uint8Array
  readonly size: SealedSize
}

/**
 * Seals one message. The frame must be stored with the new state before it leaves: sending from the old state
 * again would use a message key twice.
 * @throws RatchetError `ratchet/too-long`, `ratchet/bad-argument`, `ratchet/chain-exhausted`
 */
export function encryptFrame(
  crypto: SessionCrypto,
  session: SessionState,
  input: EncryptInput,
): { session: SessionState; frame: Uint8Array } {
  const { body, size } = input
  checkInput(body, size)
  const old = coreOf(session)
  const { rootKey, sending } = readySender(crypto, old)
  const { n, pn, ratchetPublic: ratchetKey } = sending
  if (n >= MAX_CHAIN_MESSAGES) {
    throw new RatchetError('ratchet/chain-exhausted', { details: { max: MAX_CHAIN_MESSAGES } })
  }
  const { chainKey, messageKey: chainMessageKey } = chainStep(crypto, sending.chainKey)
  const { transcript } = old.facts
  const room = USABLE_BYTES[size] - body.length
  const post = old.pq?.suite.send(crypto, old.pq.state, { transcript, room })
  const messageKey = post === undefined ? chainMessageKey : mixKey(crypto, post.key, chainMessageKey)
  const frame = sealFrame(crypto, {
    mask: frameMask(crypto, sending.headerKey, n),
    header: { ratchetKey, n, pn, length: body.length, pqEpoch: (post?.epoch ?? 0) % PQ_EPOCH_MODULUS },
    messageKey,
    associatedData: transcript,
    body,
    size,
    padding: post?.padding,
  })
  zeroize(messageKey, chainMessageKey)
  const pq = old.pq && post ? { ...old.pq, state: post.state } : null
  const core = { ...old, rootKey, sending: { ...sending, chainKey, n: n + 1 }, pq }
  return { session: sessionOf(core), frame }
}

interface Sender {
  readonly rootKey: Uint8Array
  readonly sending: ReadySide
}

/** When an answer is due, this is the sending half of a DH ratchet step: a new key pair against the peer's key. */
function readySender(crypto: SessionCrypto, core: SessionCore): Sender {
  const { sending: due } = core
  if (due.kind === 'ready') return { rootKey: core.rootKey, sending: due }
  const ratchetKey = crypto.x25519.generate()
  const step = rootStep(crypto, core.rootKey, crypto.x25519.dh(ratchetKey, due.remoteKey))
  return { rootKey: step.rootKey, sending: readySide(crypto, ratchetKey, step, due.headerKey, due.pn) }
}

function checkInput(body: Uint8Array, size: SealedSize): void {
  if (!isSealedSize(size)) throw new RatchetError('ratchet/bad-argument', { details: { name: 'size', size } })
  const max = USABLE_BYTES[size]
  if (body.length > max) {
    throw new RatchetError('ratchet/too-long', { details: { name: 'body', length: body.length, max } })
  }
}
