/** Two hops: requests sealed to a second relay, and what passes them on. spec/relay-hops.md section 2. */
import { MAX_HOST_BYTES } from '../limits.js'
import { malformed, readBytes, readRest, readU8, type WireReader, writeBytes, writeU8 } from './bytes.js'
import { type OpaqueOperation, opaqueCodec } from './opaque.js'
import type { CodecTable } from './operation.js'

/** The only sizes of sealed requests and answers, so that they tell little. */
export const HOP_SIZES: readonly [8192, 131_072] = [8192, 131_072]

export type HopSize = (typeof HOP_SIZES)[number]

/** The keys that requests to this relay are sealed to. Empty body. */
export type HopKeysRequest = OpaqueOperation<'hop-keys'>

/** To the entry: passes `sealed` on to a relay that it lists. */
export interface ForwardRequest {
  readonly kind: 'forward'
  readonly request: number
  /** Host and port of the second relay as in its URL: at most 253 bytes of ASCII. */
  readonly peer: Uint8Array
  readonly sealed: Uint8Array
}

/** To the second relay. */
export type SealedRequest = OpaqueOperation<'sealed'>

export type HopRequest = HopKeysRequest | ForwardRequest | SealedRequest

export function isHopSize(length: number): length is HopSize {
  return length === HOP_SIZES[0] || length === HOP_SIZES[1]
}

function readSealed(reader: WireReader): Uint8Array {
  const sealed = readRest(reader, HOP_SIZES[1])
  if (!isHopSize(sealed.length)) throw malformed('bad-hop-size', { length: sealed.length })
  return sealed
}

export const HOP_CODECS: CodecTable<HopRequest> = {
  'hop-keys': opaqueCodec('hop-keys', 48, { max: 0 }),
  forward: {
    code: 49,
    bodyBytes: ({ peer, sealed }) => 1 + peer.length + sealed.length,
    write: (writer, { peer, sealed }) => {
      writeU8(writer, peer.length)
      writeBytes(writer, peer)
      writeBytes(writer, sealed)
    },
    read: (reader, request) => {
      const length = readU8(reader)
      if (length === 0 || length > MAX_HOST_BYTES) throw malformed('bad-length', { length })
      return { kind: 'forward', request, peer: readBytes(reader, length), sealed: readSealed(reader) }
    },
  },
  sealed: {
    ...opaqueCodec('sealed', 50, { max: HOP_SIZES[1] }),
    read: (reader, request) => ({ kind: 'sealed', request, bytes: readSealed(reader) }),
  },
}
