/**
 * What travels in gossip (spec/libp2p.md, "Topics"). Who does not know a topic's name reads nothing of it.
 *
 *     publishing = nonce 24 ‖ XChaCha20-Poly1305(frame), keyed by the topic
 */
import { concatBytes, isFrameSize, toHex, utf8 } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { Libp2pError } from './errors.js'

const NAME_LABEL = utf8('hyphae libp2p topic name 1')
const KEY_LABEL = utf8('hyphae libp2p topic key 1')
export const NONCE_BYTES = 24
const TAG_BYTES = 16
const NO_DATA = new Uint8Array()

export type TopicCrypto = Pick<CryptoProvider, 'hmacSha256' | 'randomBytes' | 'xchacha20Poly1305'>

export function topicKey(crypto: Pick<CryptoProvider, 'hmacSha256'>, topic: Uint8Array): Uint8Array {
  return crypto.hmacSha256(KEY_LABEL, topic)
}

/** What a topic is called in gossip, for programs that speak it without this package. */
export function topicName(crypto: Pick<CryptoProvider, 'hmacSha256'>, topic: Uint8Array): string {
  return `hyphae/1/${toHex(crypto.hmacSha256(NAME_LABEL, topic))}`
}

/** A publishing as it travels: for programs that speak gossip without this package. */
export function sealPublishing(crypto: TopicCrypto, topic: Uint8Array, frame: Uint8Array): Uint8Array {
  if (!isFrameSize(frame.length))
    throw new Libp2pError('libp2p/bad-frame', { details: { bytes: frame.length } })
  const nonce = crypto.randomBytes(NONCE_BYTES)
  const key = topicKey(crypto, topic)
  return concatBytes(nonce, crypto.xchacha20Poly1305.seal(key, nonce, frame, NO_DATA))
}

/** The frame of a publishing under the key of its topic; null when it is none. */
export function openWith(crypto: TopicCrypto, key: Uint8Array, publishing: Uint8Array): Uint8Array | null {
  if (!isFrameSize(publishing.length - NONCE_BYTES - TAG_BYTES)) return null
  const nonce = publishing.subarray(0, NONCE_BYTES)
  return crypto.xchacha20Poly1305.open(key, nonce, publishing.subarray(NONCE_BYTES), NO_DATA)
}

/** The frame of a publishing; null when it is none of this topic. */
export function openPublishing(
  crypto: TopicCrypto,
  topic: Uint8Array,
  publishing: Uint8Array,
): Uint8Array | null {
  return openWith(crypto, topicKey(crypto, topic), publishing)
}
