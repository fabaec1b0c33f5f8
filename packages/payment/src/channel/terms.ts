/**
 * What a channel is: who pays whom, until when, with what money behind it (spec/payment.md section 3).
 *
 *     version 1 | payer 32 | payee 32 | nonce 16 | expires u64 | anchor 32 | links u32 | link value u64
 *     | funding kind u8 | reference length u16 | reference
 *     id        = SHA-256("hyphae channel v1" ‖ 0 ‖ terms)
 *     signature = Ed25519(payer, "hyphae channel open v1" ‖ 0 ‖ id)
 *
 * The id commits to all of it, so a voucher that names the id is of no use in another channel, with another payee
 * or over other money.
 */
import { concatBytes, utf8 } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import {
  amountBytes,
  finish,
  malformed,
  type Reader,
  readerOf,
  sized,
  take,
  takeAmount,
  takeTime,
  takeU8,
  takeU16,
  takeU32,
  timeBytes,
  u8,
  u16,
  u32,
} from '../codec.js'
import { PaymentError } from '../errors.js'
import { ID_BYTES, MAX_CHAIN_LINKS, MAX_FUNDING_BYTES, SIGNATURE_BYTES } from '../limits.js'

/** Where the money of a channel lies. */
export const FUNDING_KINDS = { ledger: 1, evm: 2 } as const

export interface ChainCommitment {
  /** The end of the hash chain, 32 bytes; zeros where there is none. */
  readonly anchor: Uint8Array
  /** 0: no chain. */
  readonly links: number
  /** What one link pays. */
  readonly value: bigint
}

export interface ChannelTerms {
  /** Ed25519 public key, 32 bytes. */
  readonly payer: Uint8Array
  /** Ed25519 public key, 32 bytes. */
  readonly payee: Uint8Array
  /** 16 random bytes. */
  readonly nonce: Uint8Array
  /** ms since 1970. */
  readonly expiresAt: number
  readonly chain: ChainCommitment
  /** One of FUNDING_KINDS, or of the application. */
  readonly funding: number
  /** Says to the funding which money it is; at most 256 bytes. */
  readonly reference: Uint8Array
}

export interface ChannelOpening {
  readonly terms: ChannelTerms
  /** Ed25519 by the payer, 64 bytes. */
  readonly signature: Uint8Array
}

const VERSION = 1
export const CHANNEL_NONCE_BYTES = 16
const ID_LABEL: Uint8Array = /* @__PURE__ */ utf8('hyphae channel v1\0')
const OPEN_LABEL: Uint8Array = /* @__PURE__ */ utf8('hyphae channel open v1\0')

export const NO_CHAIN: ChainCommitment = {
  anchor: /* @__PURE__ */ new Uint8Array(ID_BYTES),
  links: 0,
  value: 0n,
}

function checkChain(chain: ChainCommitment): void {
  const none = chain.links === 0
  if (!Number.isInteger(chain.links) || chain.links < 0 || chain.links > MAX_CHAIN_LINKS)
    throw malformed('bad-chain', { links: chain.links })
  if (none && (chain.value !== 0n || chain.anchor.some((byte) => byte !== 0))) throw malformed('bad-chain')
  if (!none && chain.value === 0n) throw malformed('bad-chain')
}

/** @throws PaymentError `payment/malformed`, `payment/bad-amount` */
export function encodeTerms(terms: ChannelTerms): Uint8Array {
  const { chain, reference } = terms
  checkChain(chain)
  if (reference.length > MAX_FUNDING_BYTES)
    throw malformed('bad-length of reference', { length: reference.length })
  return concatBytes(
    u8(VERSION),
    sized(terms.payer, ID_BYTES, 'payer'),
    sized(terms.payee, ID_BYTES, 'payee'),
    sized(terms.nonce, CHANNEL_NONCE_BYTES, 'nonce'),
    timeBytes(terms.expiresAt),
    sized(chain.anchor, ID_BYTES, 'anchor'),
    u32(chain.links),
    amountBytes(chain.value),
    u8(terms.funding),
    u16(reference.length),
    reference,
  )
}

function readTerms(reader: Reader): ChannelTerms {
  const version = takeU8(reader)
  if (version !== VERSION) throw malformed('bad-version', { version })
  const terms = {
    payer: take(reader, ID_BYTES),
    payee: take(reader, ID_BYTES),
    nonce: take(reader, CHANNEL_NONCE_BYTES),
    expiresAt: takeTime(reader),
    chain: { anchor: take(reader, ID_BYTES), links: takeU32(reader), value: takeAmount(reader) },
    funding: takeU8(reader),
  }
  checkChain(terms.chain)
  const length = takeU16(reader)
  if (length > MAX_FUNDING_BYTES) throw malformed('bad-length of reference', { length })
  return { ...terms, reference: take(reader, length) }
}

/** 32 bytes. */
export function channelId(crypto: CryptoProvider, terms: ChannelTerms): Uint8Array {
  return crypto.sha256(concatBytes(ID_LABEL, encodeTerms(terms)))
}

export function openChannel(
  crypto: CryptoProvider,
  payerKey: Ed25519PrivateKey,
  terms: Omit<ChannelTerms, 'payer'>,
): ChannelOpening {
  const whole = { ...terms, payer: payerKey.publicKey }
  const signed = concatBytes(OPEN_LABEL, channelId(crypto, whole))
  return { terms: whole, signature: crypto.ed25519.sign(payerKey, signed) }
}

/** @throws PaymentError `payment/bad-signature` */
export function verifyOpening(crypto: CryptoProvider, { terms, signature }: ChannelOpening): void {
  const signed = concatBytes(OPEN_LABEL, channelId(crypto, terms))
  if (!crypto.ed25519.verify(terms.payer, signed, signature)) throw new PaymentError('payment/bad-signature')
}

/** @throws PaymentError `payment/malformed` */
export function encodeOpening({ terms, signature }: ChannelOpening): Uint8Array {
  return concatBytes(encodeTerms(terms), sized(signature, SIGNATURE_BYTES, 'signature'))
}

/** Largest encoded opening: 208 fixed bytes and the reference. */
export const MAX_OPENING_BYTES: number =
  1 + 2 * ID_BYTES + CHANNEL_NONCE_BYTES + 8 + ID_BYTES + 4 + 8 + 1 + 2 + MAX_FUNDING_BYTES + SIGNATURE_BYTES

/** Unverified; its fields are views. @throws PaymentError `payment/malformed` */
export function decodeOpening(bytes: Uint8Array): ChannelOpening {
  if (bytes.length > MAX_OPENING_BYTES) throw malformed('too-long', { length: bytes.length })
  const reader = readerOf(bytes)
  const terms = readTerms(reader)
  const signature = take(reader, SIGNATURE_BYTES)
  finish(reader)
  return { terms, signature }
}
