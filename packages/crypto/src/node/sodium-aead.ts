/**
 * ChaCha20-Poly1305 (RFC 8439) over libsodium's WebAssembly, for Node and runtimes like it: up to a few kilobytes the
 * set-up of a native cipher costs more than the whole work here (spec/crypto.md, section 2). Inputs and outputs pass
 * through one scratch area of its memory, from which keys and plaintexts are wiped before a call returns; the last
 * block of an opened message may stay on the library's stack until the next one.
 *
 * The library is an optional dependency: where it was not installed, cannot run, or does not give the native bytes,
 * there is no engine.
 */
import { equalBytes } from '@hyphae/core'
import {
  AEAD_TAG_LENGTH,
  KEY_LENGTH,
  NONCE_LENGTH,
  SODIUM_ASSOCIATED_BYTES,
  SODIUM_SEAL_BYTES,
} from '../limits.js'
import type { ChachaEngine } from './replaceable-aead.js'

/** What is used of the compiled C library that the wrappers stand on; 64-bit lengths come as two words. */
export interface SodiumModule {
  /** Replaced when the memory grows: read anew for each call. */
  readonly HEAPU8: Uint8Array
  _malloc(bytes: number): number
  _crypto_aead_chacha20poly1305_ietf_encrypt(...parameters: number[]): number
  _crypto_aead_chacha20poly1305_ietf_decrypt(...parameters: number[]): number
}

/** Addresses of the scratch area, one after the other. */
interface Scratch {
  readonly key: number
  readonly nonce: number
  readonly associated: number
  readonly input: number
  readonly output: number
}

function allocate(module: SodiumModule): Scratch {
  const message = SODIUM_SEAL_BYTES + AEAD_TAG_LENGTH
  const key = module._malloc(KEY_LENGTH + NONCE_LENGTH + SODIUM_ASSOCIATED_BYTES + 2 * message)
  if (key === 0) throw new RangeError('no memory')
  const nonce = key + KEY_LENGTH
  const associated = nonce + NONCE_LENGTH
  const input = associated + SODIUM_ASSOCIATED_BYTES
  return { key, nonce, associated, input, output: input + message }
}

/** Takes plaintexts up to SODIUM_SEAL_BYTES and associated data up to SODIUM_ASSOCIATED_BYTES; nothing checks that here. */
export function sodiumChacha(module: SodiumModule): ChachaEngine {
  const at = allocate(module)
  const {
    _crypto_aead_chacha20poly1305_ietf_encrypt: encrypt,
    _crypto_aead_chacha20poly1305_ietf_decrypt: decrypt,
  } = module
  const enter = (
    memory: Uint8Array,
    key: Uint8Array,
    nonce: Uint8Array,
    input: Uint8Array,
    ad: Uint8Array,
  ): void => {
    memory.set(key, at.key)
    memory.set(nonce, at.nonce)
    memory.set(input, at.input)
    if (ad.length > 0) memory.set(ad, at.associated)
  }
  return {
    seal(key, nonce, plaintext, ad) {
      const memory = module.HEAPU8
      const { length } = plaintext
      enter(memory, key, nonce, plaintext, ad)
      encrypt(at.output, 0, at.input, length, 0, at.associated, ad.length, 0, 0, at.nonce, at.key)
      const sealed = memory.slice(at.output, at.output + length + AEAD_TAG_LENGTH)
      memory.fill(0, at.key, at.nonce)
      memory.fill(0, at.input, at.input + length)
      return sealed
    },
    open(key, nonce, sealed, ad) {
      const memory = module.HEAPU8
      const length = sealed.length - AEAD_TAG_LENGTH
      if (length < 0) return null
      enter(memory, key, nonce, sealed, ad)
      const verdict = decrypt(
        at.output,
        0,
        0,
        at.input,
        sealed.length,
        0,
        at.associated,
        ad.length,
        0,
        at.nonce,
        at.key,
      )
      const plaintext = verdict === 0 ? memory.slice(at.output, at.output + length) : null
      memory.fill(0, at.key, at.nonce)
      memory.fill(0, at.output, at.output + length)
      return plaintext
    },
  }
}

/** Lengths around the blocks of the cipher and of the authenticator, and the longest that the engine takes. */
const TRIED_LENGTHS = [0, 1, 15, 16, 17, 63, 64, 65, 513, SODIUM_SEAL_BYTES]

/** Whether two engines give the same bytes, and refuse the same. */
export function chachaEnginesAgree(a: ChachaEngine, b: ChachaEngine): boolean {
  const bytes = (length: number, first: number): Uint8Array =>
    Uint8Array.from({ length }, (_, i) => first + 7 * i)
  const [key, nonce] = [bytes(KEY_LENGTH, 1), bytes(NONCE_LENGTH, 2)]
  return TRIED_LENGTHS.every((length, i) => {
    const [plaintext, ad] = [bytes(length, 3), bytes(13 * i, 4)]
    const sealed = a.seal(key, nonce, plaintext, ad)
    const wrong = sealed.map((byte, at) => (at === length ? byte ^ 1 : byte))
    const opened = [a, b].map((engine) => engine.open(key, nonce, sealed, ad))
    return (
      equalBytes(b.seal(key, nonce, plaintext, ad), sealed) &&
      opened.every((one) => one !== null && equalBytes(one, plaintext)) &&
      [a, b].every((engine) => engine.open(key, nonce, wrong, ad) === null)
    )
  })
}

/** Null where it is not to be had. */
export async function loadSodiumChacha(reference: ChachaEngine): Promise<ChachaEngine | null> {
  try {
    const { default: sodium } = await import('libsodium-wrappers')
    await sodium.ready
    // Beside the wrappers, which allocate anew for each argument, the library shows what it wraps.
    const { libsodium } = sodium as unknown as { readonly libsodium: SodiumModule }
    const engine = sodiumChacha(libsodium)
    return chachaEnginesAgree(reference, engine) ? engine : null
  } catch {
    // Not installed, no WebAssembly, or another shape: the native cipher does the same.
    return null
  }
}
