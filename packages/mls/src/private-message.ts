/**
 * The bytes of a PrivateMessage (RFC 9420 section 6.3), without promises, because every message passes here.
 *
 *   sender_data_key, nonce = ExpandWithLabel(sender_data_secret, "key" | "nonce", ciphertext[0..Nh])
 *   sender data            = leaf index ‖ generation ‖ reuse guard
 *
 * Knows keys and bytes; which of them may be used, and what the content means, is for others to say.
 */
import { zeroize } from '@hyphae/crypto'
import type { GroupContext } from 'ts-mls'
import { MlsError } from './errors.js'
import { expandWithLabel } from './labels.js'
import type { MessageKey } from './ratchet.js'
import { type SecretTree, spendKey } from './secret-tree.js'
import type { SyncSuite } from './sync-suite.js'
import {
  assertSpent,
  type Reader,
  reader,
  readRaw,
  readU8,
  readU16,
  readU32,
  readU64,
  readVector,
  vectorSize,
  type Writer,
  writeRaw,
  writer,
  writeU8,
  writeU16,
  writeU32,
  writeU64,
  writeVector,
} from './wire.js'

export const MLS10 = 1
export const PRIVATE_MESSAGE = 2
const REUSE_GUARD_BYTES = 4
const SENDER_DATA_BYTES = 12

export const CONTENT_TYPES = { application: 1, proposal: 2, commit: 3 } as const
export type ContentType = keyof typeof CONTENT_TYPES

/** What of a PrivateMessage is readable. Its arrays are views of one copy of the input. */
export interface PrivateMessage {
  readonly groupId: Uint8Array
  readonly epoch: bigint
  readonly contentType: ContentType
  readonly authenticatedData: Uint8Array
  readonly encryptedSenderData: Uint8Array
  readonly ciphertext: Uint8Array
}

export interface SenderData {
  readonly leafIndex: number
  readonly generation: number
  readonly reuseGuard: Uint8Array
}

type Header = Pick<PrivateMessage, 'groupId' | 'epoch' | 'contentType'>

/** True when the bytes say that they are a PrivateMessage; whether they are one is decided by decoding. */
export function isPrivateMessage(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === MLS10 && bytes[2] === 0 && bytes[3] === PRIVATE_MESSAGE
}

function contentTypeOf(from: Reader): ContentType {
  const value = readU8(from)
  if (value === CONTENT_TYPES.application) return 'application'
  if (value === CONTENT_TYPES.proposal) return 'proposal'
  if (value === CONTENT_TYPES.commit) return 'commit'
  throw new MlsError(from.code)
}

/** One MLSMessage that holds a PrivateMessage, canonical and nothing else. @throws MlsError `mls/malformed` */
export function decodePrivateMessage(bytes: Uint8Array): PrivateMessage {
  const from = reader(bytes.slice(), 'mls/malformed')
  if (readU16(from) !== MLS10 || readU16(from) !== PRIVATE_MESSAGE) throw new MlsError(from.code)
  const message = {
    groupId: readVector(from),
    epoch: readU64(from),
    contentType: contentTypeOf(from),
    authenticatedData: readVector(from),
    encryptedSenderData: readVector(from),
    ciphertext: readVector(from),
  }
  assertSpent(from)
  return message
}

function headerSize({ groupId }: Header): number {
  return vectorSize(groupId.length) + 8 + 1
}

function writeHeader(to: Writer, { groupId, epoch, contentType }: Header): void {
  writeVector(to, groupId)
  writeU64(to, epoch)
  writeU8(to, CONTENT_TYPES[contentType])
}

export function encodePrivateMessage(message: PrivateMessage): Uint8Array {
  const { authenticatedData, encryptedSenderData, ciphertext } = message
  const vectors = [authenticatedData, encryptedSenderData, ciphertext]
  const size = vectors.reduce((sum, { length }) => sum + vectorSize(length), 4 + headerSize(message))
  const to = writer(size)
  writeU16(to, MLS10)
  writeU16(to, PRIVATE_MESSAGE)
  writeHeader(to, message)
  for (const vector of vectors) writeVector(to, vector)
  return to.bytes
}

function contentAad(header: Header, authenticatedData: Uint8Array): Uint8Array {
  const to = writer(headerSize(header) + vectorSize(authenticatedData.length))
  writeHeader(to, header)
  writeVector(to, authenticatedData)
  return to.bytes
}

function senderAad(header: Header): Uint8Array {
  const to = writer(headerSize(header))
  writeHeader(to, header)
  return to.bytes
}

function senderKey(suite: SyncSuite, secret: Uint8Array, ciphertext: Uint8Array): MessageKey {
  const sample = ciphertext.subarray(0, suite.hash.size)
  return {
    key: expandWithLabel(suite, secret, 'key', sample, suite.keyLength),
    nonce: expandWithLabel(suite, secret, 'nonce', sample, suite.nonceLength),
  }
}

/** Section 6.3.2: nobody else's encryption repeats when a state was used twice. Changes the nonce in place. */
function guarded({ nonce }: MessageKey, reuseGuard: Uint8Array): Uint8Array {
  for (let i = 0; i < REUSE_GUARD_BYTES; i++) nonce[i] = (nonce[i] as number) ^ (reuseGuard[i] as number)
  return nonce
}

/** Section 6.3.2. @throws MlsError `mls/undecryptable` */
export function openSenderData(suite: SyncSuite, secret: Uint8Array, message: PrivateMessage): SenderData {
  const { key, nonce } = senderKey(suite, secret, message.ciphertext)
  const from = reader(
    suite.openAead(key, nonce, senderAad(message), message.encryptedSenderData),
    'mls/undecryptable',
  )
  const sender = {
    leafIndex: readU32(from),
    generation: readU32(from),
    reuseGuard: readRaw(from, REUSE_GUARD_BYTES),
  }
  assertSpent(from)
  return sender
}

/** Section 6.3.1. Spends the key. @throws MlsError `mls/undecryptable` */
export function openContent(
  suite: SyncSuite,
  key: MessageKey,
  { reuseGuard }: SenderData,
  message: PrivateMessage,
): Uint8Array {
  const aad = contentAad(message, message.authenticatedData)
  try {
    return suite.openAead(key.key, guarded(key, reuseGuard), aad, message.ciphertext)
  } finally {
    zeroize(key.key, key.nonce)
  }
}

/** What sealing takes of a state. */
export interface Sending {
  readonly groupContext: GroupContext
  readonly senderDataSecret: Uint8Array
  readonly secretTree: SecretTree
  /** The leaf in whose name it is sealed. */
  readonly leaf: number
}

/** `content` is a PrivateMessageContent as encoded; the result is an MLSMessage and the tree without its key. */
export function sealContent(
  suite: SyncSuite,
  { groupContext, senderDataSecret, secretTree, leaf }: Sending,
  contentType: ContentType,
  authenticatedData: Uint8Array,
  content: Uint8Array,
): { message: Uint8Array; secretTree: SecretTree } {
  const name = contentType === 'application' ? 'application' : 'handshake'
  const { key, generation, tree } = spendKey(suite, secretTree, leaf, name)
  const header = { groupId: groupContext.groupId, epoch: groupContext.epoch, contentType }
  const sender = writer(SENDER_DATA_BYTES)
  const reuseGuard = suite.randomBytes(REUSE_GUARD_BYTES)
  writeU32(sender, leaf)
  writeU32(sender, generation)
  writeRaw(sender, reuseGuard)
  const aad = contentAad(header, authenticatedData)
  const ciphertext = suite.sealAead(key.key, guarded(key, reuseGuard), aad, content)
  zeroize(key.key, key.nonce)
  const mask = senderKey(suite, senderDataSecret, ciphertext)
  const encryptedSenderData = suite.sealAead(mask.key, mask.nonce, senderAad(header), sender.bytes)
  const message = encodePrivateMessage({ ...header, authenticatedData, encryptedSenderData, ciphertext })
  return { message, secretTree: tree }
}
