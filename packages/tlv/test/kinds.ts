/** One good frame of each kind and size, and how it is opened: for what must hold of all of them. */
import type { CryptoProvider } from '@hyphae/crypto'
import {
  CHUNK_BYTES,
  chunkCount,
  frameMask,
  groupFrameTag,
  openChunk,
  openFrameBody,
  openFrameHeader,
  openGroupFrame,
  openHandshakeFrame,
  SEALED_SIZES,
  type SealedSize,
  sealChunk,
  sealFrame,
  sealGroupFrame,
  sealHandshakeFrame,
} from '@hyphae/tlv'
import { key, text } from './support.js'

export interface FrameKind {
  readonly name: string
  readonly frame: Uint8Array
  readonly content: Uint8Array
  /** The content; null when it is not for these keys. */
  open(crypto: CryptoProvider, frame: Uint8Array): Uint8Array | null
  /** The same with every key wrong. */
  openWrong(crypto: CryptoProvider, frame: Uint8Array): Uint8Array | null
}

const AD = text(64)
const CONTENT = text(40)

function sealedKind(crypto: CryptoProvider, size: SealedSize): FrameKind {
  const n = 0xabcdef
  const header = { ratchetKey: text(32), n, pn: 3, length: CONTENT.length, pqEpoch: 0 }
  const mask = frameMask(crypto, key(1), n)
  const frame = sealFrame(crypto, {
    mask,
    header,
    messageKey: key(2),
    associatedData: AD,
    body: CONTENT,
    size,
  })
  const openWith = (c: CryptoProvider, input: Uint8Array, headerKey: number, messageKey: number) => {
    const { length } = openFrameHeader(input, frameMask(c, key(headerKey), n))
    return openFrameBody(c, { frame: input, messageKey: key(messageKey), associatedData: AD, length })
  }
  return {
    name: `sealed ${size}`,
    frame,
    content: CONTENT,
    open: (c, input) => openWith(c, input, 1, 2),
    // The right header key: under a wrong one the length can be impossible before the body is looked at.
    openWrong: (c, input) => openWith(c, input, 1, 3),
  }
}

function groupKind(crypto: CryptoProvider, size: SealedSize): FrameKind {
  const tag = groupFrameTag(crypto, key(4), text(9))
  const header = { index: 1, count: 2, id: 77 }
  return {
    name: `group ${size}`,
    frame: sealGroupFrame(crypto, { tag, key: key(5), header, body: CONTENT, size }),
    content: CONTENT,
    open: (c, frame) => openGroupFrame(c, { key: key(5), frame })?.body ?? null,
    openWrong: (c, frame) => openGroupFrame(c, { key: key(6), frame })?.body ?? null,
  }
}

function handshakeKind(crypto: CryptoProvider): FrameKind {
  const seed = key(9)
  const introKey = crypto.x25519.importPrivateKey(seed).publicKey
  const keys = new Map<CryptoProvider, ReturnType<CryptoProvider['x25519']['generate']>>()
  const keyOf = (c: CryptoProvider) => {
    const known = keys.get(c) ?? c.x25519.importPrivateKey(seed)
    keys.set(c, known)
    return known
  }
  return {
    name: 'handshake',
    frame: sealHandshakeFrame(crypto, { introKey, payload: CONTENT }),
    content: CONTENT,
    open: (c, frame) => openHandshakeFrame(c, { introKey: keyOf(c), frame }),
    openWrong: (c, frame) => openHandshakeFrame(c, { introKey: c.x25519.generate(), frame }),
  }
}

function chunkKind(crypto: CryptoProvider): FrameKind {
  const index = 2
  const size = CHUNK_BYTES * index + CONTENT.length
  const header = { root: text(32), index, count: chunkCount(size), size, length: CONTENT.length }
  return {
    name: 'chunk',
    frame: sealChunk(crypto, { key: key(8), header, data: CONTENT }),
    content: CONTENT,
    open: (c, frame) => openChunk(c, { key: key(8), index, frame })?.data ?? null,
    openWrong: (c, frame) => openChunk(c, { key: key(7), index, frame })?.data ?? null,
  }
}

export function frameKinds(crypto: CryptoProvider): FrameKind[] {
  return [
    ...SEALED_SIZES.map((size) => sealedKind(crypto, size)),
    ...SEALED_SIZES.map((size) => groupKind(crypto, size)),
    handshakeKind(crypto),
    chunkKind(crypto),
  ]
}
