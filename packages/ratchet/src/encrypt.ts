/**
 * Sending (Double Ratchet sections 3.4 and 4.4; spec/session.md, "Sending").
 *
 * When the peer's newest ratchet key has not been answered yet, a new key pair and chain are made first.
 */
import type { CryptoProvider } from '@hyphae/crypto'
import { frameMask, isSealedSize, type SealedSize, sealFrame, USABLE_BYTES } from '@hyphae/tlv'
import { RatchetError } from './errors.js'
import { headerChain } from './header-chain.js'
import { chainStep, rootStep } from './kdf.js'
import { MAX_CHAIN_MESSAGES } from './limits.js'
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
  crypto: CryptoProvider,
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
  const { chainKey, messageKey } = chainStep(crypto, sending.chainKey)
  const frame = sealFrame(crypto, {
    mask: frameMask(crypto, sending.headerKey, n),
    header: { ratchetKey, n, pn, length: body.length, pqEpoch: 0 },
    messageKey,
    associatedData: old.facts.transcript,
    body,
    size,
  })
  messageKey.fill(0)
  const core = { ...old, rootKey, sending: { ...sending, chainKey, n: n + 1 } }
  return { session: sessionOf(core), frame }
}

interface Sender {
  readonly rootKey: Uint8Array
  readonly sending: ReadySide
}

/** When an answer is due, this is the sending half of a DH ratchet step: a new key pair against the peer's key. */
function readySender(crypto: CryptoProvider, core: SessionCore): Sender {
  const { sending: due } = core
  if (due.kind === 'ready') return { rootKey: core.rootKey, sending: due }
  const ratchetKey = crypto.x25519.generate()
  const step = rootStep(crypto, core.rootKey, crypto.x25519.dh(ratchetKey, due.remoteKey))
  return {
    rootKey: step.rootKey,
    sending: {
      kind: 'ready',
      ratchetKey,
      ratchetPublic: ratchetKey.publicKey,
      ratchetSecret: crypto.x25519.exportPrivateKey(ratchetKey),
      chainKey: step.chainKey,
      headerKey: due.headerKey,
      n: 0,
      pn: due.pn,
      next: headerChain(step.nextHeaderKey),
    },
  }
}

function checkInput(body: Uint8Array, size: SealedSize): void {
  if (!isSealedSize(size)) throw new RatchetError('ratchet/bad-argument', { details: { name: 'size', size } })
  const max = USABLE_BYTES[size]
  if (body.length > max) {
    throw new RatchetError('ratchet/too-long', { details: { name: 'body', length: body.length, max } })
  }
}
