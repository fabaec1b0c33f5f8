/**
 * AEADs over node:crypto: RFC 8439 and NIST SP 800-38D natively, RFC 8439 for short messages in libsodium's WebAssembly
 * once that has loaded; XChaCha20-Poly1305, which OpenSSL lacks, as HChaCha20 from @noble/ciphers followed by
 * ChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03 section 2.3).
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { hchacha } from '@noble/ciphers/chacha.js'
import { swap32IfBE, u8, u32 } from '@noble/ciphers/utils.js'
import { requireLength } from '../lengths.js'
import { AEAD_TAG_LENGTH, KEY_LENGTH, NONCE_LENGTH, XCHACHA_NONCE_LENGTH } from '../limits.js'
import type { Aead } from '../provider.js'
import { plainBytes } from './bytes.js'
import { type ChachaEngine, replaceableAead } from './replaceable-aead.js'
import { loadSodiumChacha } from './sodium-aead.js'

type NativeCipher = 'chacha20-poly1305' | 'aes-128-gcm' | 'aes-256-gcm'

const TAG = { authTagLength: AEAD_TAG_LENGTH }

function sealNative(
  cipher: NativeCipher,
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array {
  // The overloads of node's types name each cipher; at run time it is one function.
  const native = createCipheriv(cipher as 'aes-256-gcm', key, nonce, TAG)
  if (associatedData.length > 0) native.setAAD(associatedData)
  const sealed = new Uint8Array(plaintext.length + AEAD_TAG_LENGTH)
  sealed.set(native.update(plaintext))
  native.final()
  sealed.set(native.getAuthTag(), plaintext.length)
  return sealed
}

function openNative(
  cipher: NativeCipher,
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array | null {
  const length = sealed.length - AEAD_TAG_LENGTH
  if (length < 0) return null
  const native = createDecipheriv(cipher as 'aes-256-gcm', key, nonce, TAG)
  if (associatedData.length > 0) native.setAAD(associatedData)
  native.setAuthTag(sealed.subarray(length))
  const plaintext = native.update(sealed.subarray(0, length))
  try {
    native.final()
  } catch {
    // Nothing unauthenticated leaves this function or stays behind it.
    plaintext.fill(0)
    return null
  }
  return plainBytes(plaintext)
}

/** An engine behind the checks of every provider. */
export function aeadOver({ seal, open }: ChachaEngine, keyLength: number): Aead {
  const check = (key: Uint8Array, nonce: Uint8Array): void => {
    requireLength(key, keyLength, 'key')
    requireLength(nonce, NONCE_LENGTH, 'nonce')
  }
  return {
    keyLength,
    nonceLength: NONCE_LENGTH,
    seal(key, nonce, plaintext, associatedData) {
      check(key, nonce)
      return seal(key, nonce, plaintext, associatedData)
    },
    open(key, nonce, sealed, associatedData) {
      check(key, nonce)
      return open(key, nonce, sealed, associatedData)
    },
  }
}

function native(cipher: NativeCipher): ChachaEngine {
  return {
    seal: (key, nonce, plaintext, ad) => sealNative(cipher, key, nonce, plaintext, ad),
    open: (key, nonce, sealed, ad) => openNative(cipher, key, nonce, sealed, ad),
  }
}

/** OpenSSL's, for messages of any length. */
export const nativeChacha: ChachaEngine = native('chacha20-poly1305')

const { engine: chacha, prepare } = /* @__PURE__ */ replaceableAead(nativeChacha, () =>
  loadSodiumChacha(nativeChacha),
)

/** Loads libsodium's now. True when it serves short messages from here on. */
export const prepareChacha = (): Promise<boolean> => prepare()

/** "expand 32-byte k", the constants of RFC 8439 section 2.3. */
const SIGMA: Uint32Array = Uint32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574)

/** A copy, because a view of words needs aligned bytes. */
function words(bytes: Uint8Array): Uint32Array {
  return swap32IfBE(u32(Uint8Array.from(bytes)))
}

/** Section 2.2 of the draft: subkey from the key and the first 16 bytes of the nonce, nonce from the rest. */
function extend(key: Uint8Array, nonce: Uint8Array): { subkey: Uint8Array; shortNonce: Uint8Array } {
  requireLength(key, KEY_LENGTH, 'key')
  requireLength(nonce, XCHACHA_NONCE_LENGTH, 'nonce')
  const keyWords = words(key)
  const output = new Uint32Array(KEY_LENGTH / 4)
  hchacha(SIGMA, keyWords, words(nonce.subarray(0, 16)), output)
  keyWords.fill(0)
  const subkey = u8(swap32IfBE(output))
  const shortNonce = new Uint8Array(NONCE_LENGTH)
  shortNonce.set(nonce.subarray(16), 4)
  return { subkey, shortNonce }
}

export const nodeChacha20Poly1305: Aead = aeadOver(chacha, KEY_LENGTH)
export const nodeAes128Gcm: Aead = aeadOver(native('aes-128-gcm'), 16)
export const nodeAes256Gcm: Aead = aeadOver(native('aes-256-gcm'), 32)

export function xchachaOver(chacha: ChachaEngine): Aead {
  return {
    keyLength: KEY_LENGTH,
    nonceLength: XCHACHA_NONCE_LENGTH,
    seal(key, nonce, plaintext, associatedData) {
      const { subkey, shortNonce } = extend(key, nonce)
      const sealed = chacha.seal(subkey, shortNonce, plaintext, associatedData)
      subkey.fill(0)
      return sealed
    },
    open(key, nonce, sealed, associatedData) {
      const { subkey, shortNonce } = extend(key, nonce)
      const plaintext = chacha.open(subkey, shortNonce, sealed, associatedData)
      subkey.fill(0)
      return plaintext
    },
  }
}

export const nodeXchacha20Poly1305: Aead = xchachaOver(chacha)
