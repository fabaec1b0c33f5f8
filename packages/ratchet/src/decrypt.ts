/**
 * Receiving (Double Ratchet sections 3.5 and 4.5; spec/session.md, "Receiving").
 *
 * The tag tells chain and number without touching a message key. Everything the frame asks for is then computed
 * on the side, and the new state exists only when the body verified: a failure leaves nothing behind.
 */
import { type SessionCrypto, zeroize } from '@hyphae/crypto'
import { isSealedSize, openFrameHeader, openFramePadded, type SealedHeader, TlvError } from '@hyphae/tlv'
import { isUsableX25519 } from './device-keys.js'
import { epochOfFrame, epochOfLate, type FrameEpoch, mixLate } from './epoch.js'
import { RatchetError } from './errors.js'
import { maskAt } from './header-chain.js'
import { mixKey, rootStep } from './kdf.js'
import { MAX_FORWARD } from './limits.js'
import { locate, type Place } from './locate.js'
import { closeChain, skippedOf, type Walk, walkChain } from './receiving-chain.js'
import {
  coreOf,
  type PqSide,
  type ReadySide,
  type SessionCore,
  type SessionState,
  sessionOf,
} from './session.js'
import { addSkipped, expireSkipped, type SkippedKeys, withoutSkipped } from './skipped-keys.js'

export interface DecryptOptions {
  /** Milliseconds; given, it dates the keys of skipped messages and drops the expired. */
  readonly now?: number
  /** How many messages past the expected one are looked for: 0 to MAX_FORWARD, the default. */
  readonly forward?: number
}

export interface Decrypted {
  readonly session: SessionState
  readonly body: Uint8Array
  /** Number of the message in its chain. */
  readonly n: number
}

/**
 * Opens a frame of this session. Null when it is not one: unknown tag, repeated, or not authentic. The given
 * state stays as it is in every case.
 * @throws RatchetError `ratchet/bad-frame` on a wrong size, or an authentic frame with bad padding
 */
export function decryptFrame(
  crypto: SessionCrypto,
  session: SessionState,
  frame: Uint8Array,
  options: DecryptOptions = {},
): Decrypted | null {
  const { length } = frame
  if (!isSealedSize(length)) throw new RatchetError('ratchet/bad-frame', { details: { length } })
  const core = coreOf(session)
  const place = locate(crypto, core, frame, options.forward ?? MAX_FORWARD)
  if (place === null) return null
  const now = options.now ?? 0
  return place.kind === 'skipped'
    ? openSkipped(crypto, core, frame, place.index, now)
    : openInChain(crypto, core, frame, place, now)
}

function openSkipped(
  crypto: SessionCrypto,
  core: SessionCore,
  frame: Uint8Array,
  index: number,
  now: number,
): Decrypted | null {
  const entry = core.skipped[index]
  if (entry === undefined) return null
  const header = readHeader(frame, entry.mask)
  const late = header && epochOfLate(entry, header.pqEpoch)
  if (header === null || late === null) return null
  const opened = readBody(crypto, core, frame, header, late.messageKey)
  if (opened === null) return null
  const pq = receivePadding(core, late.epoch, opened, now)
  const skipped = refresh(withoutSkipped(core.skipped, index), now)
  return { session: sessionOf({ ...core, skipped, pq }), body: opened.body, n: header.n }
}

function openInChain(
  crypto: SessionCrypto,
  core: SessionCore,
  frame: Uint8Array,
  { chain, n }: Extract<Place, { kind: 'chain' }>,
  now: number,
): Decrypted | null {
  const header = readHeader(frame, maskAt(crypto, chain.header, n), n)
  const epoch = header && epochOfFrame(core, header.pqEpoch)
  if (header === null || epoch === null) return null
  const base = chain.turns === null ? core : turned(crypto, core, chain.turns, header.ratchetKey, now)
  const receiving = base?.receiving ?? null
  if (base === null || receiving === null) return null
  const walk = walkChain(crypto, receiving.chainKey, n - receiving.n)
  const opened = readWalked(crypto, core, frame, header, walk, epoch)
  if (opened === null) return null
  const pq = receivePadding(core, epoch.epoch, opened, now)
  const late = skippedOf(crypto, receiving.header, receiving.n, walk.skipped, now)
  if (chain.turns !== null && core.receiving !== null) {
    late.unshift(...closeChain(crypto, core.receiving, header.pn, now))
  }
  const skipped = refresh(addSkipped(core.skipped, mixLate(crypto, core, epoch, late)), now)
  const next = { ...base, receiving: { ...receiving, chainKey: walk.chainKey, n: n + 1 }, skipped, pq }
  return { session: sessionOf(next), body: opened.body, n }
}

/**
 * A DH ratchet step: the peer's new key ends its old chain, and makes our next sending chain due. Null for a key
 * that no honest peer has.
 */
function turned(
  crypto: SessionCrypto,
  core: SessionCore,
  sending: ReadySide,
  remoteKey: Uint8Array,
  now: number,
): SessionCore | null {
  if (!isUsableX25519(remoteKey)) return null
  const step = rootStep(crypto, core.rootKey, crypto.x25519.dh(sending.ratchetKey, remoteKey))
  return {
    ...core,
    rootKey: step.rootKey,
    sending: { kind: 'due', remoteKey, headerKey: step.nextHeaderKey, pn: sending.n },
    receiving: { chainKey: step.chainKey, header: sending.next, n: 0 },
    turnedAt: now,
  }
}

function refresh(skipped: SkippedKeys, now: number): SkippedKeys {
  return now === 0 ? skipped : expireSkipped(skipped, now)
}

/** Null when the bits do not make a header of this message. They are not authentic yet. */
function readHeader(frame: Uint8Array, mask: Uint8Array, n?: number): SealedHeader | null {
  try {
    const header = openFrameHeader(frame, mask)
    return n === undefined || header.n === n ? header : null
  } catch (error) {
    if (error instanceof TlvError && error.code === 'tlv/bad-frame') return null
    throw error
  }
}

interface Opened {
  readonly body: Uint8Array
  readonly padding: Uint8Array
}

function readBody(
  crypto: SessionCrypto,
  core: SessionCore,
  frame: Uint8Array,
  { length }: SealedHeader,
  messageKey: Uint8Array,
): Opened | null {
  return openFramePadded(crypto, { frame, messageKey, associatedData: core.facts.transcript, length })
}

function readWalked(
  crypto: SessionCrypto,
  core: SessionCore,
  frame: Uint8Array,
  header: SealedHeader,
  walk: Walk,
  { key }: FrameEpoch,
): Opened | null {
  const messageKey = key === null ? walk.messageKey : mixKey(crypto, key, walk.messageKey)
  const opened = readBody(crypto, core, frame, header, messageKey)
  zeroize(messageKey, walk.messageKey)
  return opened
}

/** @throws RatchetError `ratchet/bad-frame` on padding that no honest peer sends: in suite 1, all but zeros */
function receivePadding(core: SessionCore, epoch: number, { padding }: Opened, now: number): PqSide | null {
  if (core.pq !== null) {
    const { suite, state } = core.pq
    return { suite, state: suite.receive(state, { epoch, padding, now }) }
  }
  let seen = 0
  for (let i = 0; i < padding.length; i++) seen |= padding[i] as number
  if (seen !== 0) throw new RatchetError('ratchet/bad-frame')
  return null
}
