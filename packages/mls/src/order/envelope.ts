/**
 * What members send each other: an MLS message under the tag of its epoch, so that its place is found without trial
 * decryption (spec/ordering.md section 4). The tag is not authenticated and need not be: the message under it is
 * bound to its epoch by its own keys, and a wrong tag is no more than a lost message.
 *
 *   envelope = 01 ‖ kind ‖ tag (16) ‖ body
 *   kind     = 1 proposal, 2 commit, 3 application message, 4 plea
 */
import { concatBytes, fromHex, GROUP_ID_BYTES, toHex } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { MlsError } from '../errors.js'
import { MAX_MESSAGE_BYTES } from '../limits.js'
import { reader, readRaw, readU8, readU16, readU64, readVector } from '../wire.js'
import { ENVELOPE_BYTES, MAX_PLEA_BYTES, TAG_BYTES } from './limits.js'
import type { EpochTag } from './tag.js'

const VERSION = 1
const KINDS = { proposal: 1, commit: 2, application: 3, plea: 4 } as const

export type EnvelopeKind = keyof typeof KINDS

export interface Envelope {
  readonly kind: EnvelopeKind
  readonly tag: EpochTag
  /** Hexadecimal; empty for a plea, which says so itself. */
  readonly group: string
  readonly epoch: number
  readonly body: Uint8Array
  /** SHA-256 of the body, 32 bytes. */
  readonly digest: Uint8Array
}

export function encodeEnvelope(kind: EnvelopeKind, tag: EpochTag, body: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(VERSION, KINDS[kind]), fromHex(tag), body)
}

const MLS10 = 1
const PUBLIC_MESSAGE = 1
const PRIVATE_MESSAGE = 2
/** RFC 9420 section 6. */
const CONTENT_KINDS: readonly (EnvelopeKind | undefined)[] = [undefined, 'application', 'proposal', 'commit']

interface Header {
  readonly group: string
  readonly epoch: number
}

/** What an MLS message shows of itself: RFC 9420 sections 6.2 and 6.3. */
function readHeader(kind: EnvelopeKind, body: Uint8Array): Header {
  const malformed = new MlsError('mls/malformed', { details: { length: body.length } })
  const from = reader(body, 'mls/malformed')
  const version = readU16(from)
  const wireformat = readU16(from)
  const group = readVector(from)
  const epoch = readU64(from)
  if (version !== MLS10 || group.length !== GROUP_ID_BYTES || epoch > BigInt(Number.MAX_SAFE_INTEGER))
    throw malformed
  if (wireformat === PRIVATE_MESSAGE && CONTENT_KINDS[readU8(from)] !== kind) throw malformed
  if (wireformat !== PRIVATE_MESSAGE && wireformat !== PUBLIC_MESSAGE) throw malformed
  return { group: toHex(group), epoch: Number(epoch) }
}

/** @throws MlsError `mls/malformed`, `mls/too-large` */
export function decodeEnvelope(crypto: CryptoProvider, bytes: Uint8Array): Envelope {
  const limit = ENVELOPE_BYTES + MAX_MESSAGE_BYTES
  if (bytes.length > limit) throw new MlsError('mls/too-large', { details: { length: bytes.length, limit } })
  const from = reader(Uint8Array.from(bytes), 'mls/malformed')
  const version = readU8(from)
  const number = readU8(from)
  const tag = toHex(readRaw(from, TAG_BYTES))
  const body = readRaw(from, from.end - from.at).slice()
  const kind = (Object.keys(KINDS) as EnvelopeKind[]).find((name) => KINDS[name] === number)
  if (version !== VERSION || kind === undefined)
    throw new MlsError('mls/malformed', { details: { length: bytes.length } })
  const digest = crypto.sha256(body)
  if (kind !== 'plea') return { kind, tag, body, digest, ...readHeader(kind, body) }
  if (body.length > MAX_PLEA_BYTES)
    throw new MlsError('mls/too-large', { details: { length: body.length, limit: MAX_PLEA_BYTES } })
  return { kind, tag, body, digest, group: '', epoch: 0 }
}

/** The name of a message: the first half of its digest, hexadecimal. */
export function messageIdOf(digest: Uint8Array): string {
  return toHex(digest.subarray(0, TAG_BYTES))
}
