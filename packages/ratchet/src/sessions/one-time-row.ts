/**
 * A stored one-time prekey, a row each so that a handshake reads and deletes its own only. Holds private keys.
 *
 *   version u8 | signed prekey id u32 | private key 32 | bundle hash 32 | KEM u8, 0 for none | seed 64, if any
 */
import type { SessionCrypto } from '@hyphae/crypto'
import { type Codec, decode, encode, key, struct, u8, u32 } from '../codec.js'
import type { PostQuantum } from '../post-quantum.js'
import type { OneTimePrekey } from '../prekey-state.js'
import { storedKem, storedX25519 } from '../stored-keys.js'
import { checkVersion } from './version.js'

const VERSION = 1
const ROW_BYTES = 1 + 4 + 32 + 32 + 1 + 64

type Curve = Pick<SessionCrypto, 'x25519'>
type StoredOneTime = Omit<OneTimePrekey, 'id'> & { readonly version: number }

function layoutOf(crypto: Curve, pq: PostQuantum | null): Codec<StoredOneTime> {
  return struct({
    version: u8,
    signedPrekeyId: u32,
    key: storedX25519(crypto),
    bundleHash: key,
    kem: storedKem(pq),
  })
}

export function encodeOneTime(crypto: Curve, pq: PostQuantum | null, prekey: OneTimePrekey): Uint8Array {
  return encode(layoutOf(crypto, pq), { ...prekey, version: VERSION }, ROW_BYTES)
}

/** @throws RatchetError `ratchet/bad-snapshot`, `ratchet/unsupported-version` */
export function decodeOneTime(
  crypto: Curve,
  pq: PostQuantum | null,
  id: number,
  bytes: Uint8Array,
): OneTimePrekey {
  checkVersion(bytes, VERSION)
  const { version, ...prekey } = decode(layoutOf(crypto, pq), bytes, 'ratchet/bad-snapshot')
  return { id, ...prekey }
}

/** Without importing the keys, which takes as long as making them. */
export function signedPrekeyIdOf(bytes: Uint8Array): number {
  checkVersion(bytes, VERSION)
  const reader = { input: bytes, at: 1, code: 'ratchet/bad-snapshot' as const }
  return u32.read(reader)
}
