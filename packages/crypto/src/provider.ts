/**
 * The one cryptographic interface of Hyphae: synchronous, because a thread hop costs more than the work.
 *
 * Private keys are opaque objects: importing a key is the slow part of node:crypto, so it is done once, and
 * an opaque object prints no secret. Byte inputs are never kept and never changed; outputs are new.
 * Every provider gives the same result and the same verdict for the same input (tested pairwise).
 */

/** Authenticated encryption. Lengths are checked: a wrong one throws `crypto/bad-length`. */
export interface Aead {
  readonly keyLength: number
  readonly nonceLength: number
  /** Returns ciphertext ‖ 16-byte tag. */
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associatedData: Uint8Array): Uint8Array
  /** Takes ciphertext ‖ tag; null when it does not verify. */
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, associatedData: Uint8Array): Uint8Array | null
}

/** Incremental hash. After `digest` it is spent. */
export interface Hasher {
  update(data: Uint8Array): Hasher
  digest(): Uint8Array
}

/** An Ed25519 private key, made by `ed25519.generate` or `ed25519.importSeed` of one provider. */
export interface Ed25519PrivateKey {
  readonly kind: 'ed25519'
  readonly publicKey: Uint8Array
}

/** An X25519 private key, made by `x25519.generate` or `x25519.importPrivateKey` of one provider. */
export interface X25519PrivateKey {
  readonly kind: 'x25519'
  readonly publicKey: Uint8Array
}

/** RFC 8032 Ed25519, verified strictly: cofactorless, canonical, no small-order key; see spec/crypto.md. */
export interface Ed25519 {
  generate(): Ed25519PrivateKey
  /** 32-byte seed. */
  importSeed(seed: Uint8Array): Ed25519PrivateKey
  /** The 32-byte seed: for sealing into a snapshot, nothing else. */
  exportSeed(key: Ed25519PrivateKey): Uint8Array
  sign(key: Ed25519PrivateKey, message: Uint8Array): Uint8Array
  /** False for anything but a strict signature, whatever the lengths; never throws on public input. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

/** RFC 7748 X25519. */
export interface X25519 {
  generate(): X25519PrivateKey
  /** 32 bytes. */
  importPrivateKey(bytes: Uint8Array): X25519PrivateKey
  /** 32 bytes: for sealing into a snapshot, nothing else. */
  exportPrivateKey(key: X25519PrivateKey): Uint8Array
  /** Shared secret, 32 bytes. @throws CryptoError `crypto/low-order-key` when it would be all zero. */
  dh(key: X25519PrivateKey, publicKey: Uint8Array): Uint8Array
}

export interface ScryptParameters {
  /** Work factor, a power of two. */
  readonly N: number
  readonly r: number
  readonly p: number
}

export interface CryptoProvider {
  readonly name: string
  /** @throws CryptoError `crypto/rng-failed` */
  randomBytes(length: number): Uint8Array
  sha256(data: Uint8Array): Uint8Array
  sha512(data: Uint8Array): Uint8Array
  createSha256(): Hasher
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array
  hmacSha512(key: Uint8Array, data: Uint8Array): Uint8Array
  /** RFC 5869 extract and expand; `length` ≤ 8160. An empty salt means 32 zero bytes. */
  hkdfSha256(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array
  /** RFC 8439 keystream from block 0: `length` bytes, 32-byte key, 12-byte nonce. */
  chacha20(key: Uint8Array, nonce: Uint8Array, length: number): Uint8Array
  readonly chacha20Poly1305: Aead
  /** 24-byte nonce. */
  readonly xchacha20Poly1305: Aead
  readonly aes128Gcm: Aead
  readonly aes256Gcm: Aead
  readonly ed25519: Ed25519
  readonly x25519: X25519
  scrypt(password: Uint8Array, salt: Uint8Array, parameters: ScryptParameters, length: number): Uint8Array
}

/** What sessions and their frames need of a provider; `@hyphae/crypto/slim` gives this and no more. */
export type SessionCrypto = Pick<
  CryptoProvider,
  | 'name'
  | 'randomBytes'
  | 'sha256'
  | 'hmacSha256'
  | 'hkdfSha256'
  | 'chacha20'
  | 'chacha20Poly1305'
  | 'ed25519'
  | 'x25519'
>
