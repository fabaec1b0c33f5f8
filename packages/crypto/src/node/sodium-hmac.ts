/**
 * HMAC-SHA256 (RFC 2104) over libsodium's WebAssembly, for Node and runtimes like it: of a short input most of a native
 * HMAC is its set-up (spec/crypto.md, section 2). It is the library's HKDF-Extract, which RFC 5869 section 2.2 defines as
 * HMAC(salt, input). Inputs and outputs pass through one scratch area of its memory, which is wiped before a call returns.
 *
 * The library is an optional dependency: where it was not installed, cannot run, or does not give the native bytes,
 * there is none.
 */
import { equalBytes } from '@hyphae/core'
import { SODIUM_HMAC_BYTES, SODIUM_HMAC_KEY_BYTES } from '../limits.js'
import type { Hmac } from './replaceable-hmac.js'

const MAC_BYTES = 32

/** What is used of the compiled C library that the wrappers stand on. */
export interface SodiumHkdfModule {
  /** Replaced when the memory grows: read anew for each call. */
  readonly HEAPU8: Uint8Array
  _malloc(bytes: number): number
  _crypto_kdf_hkdf_sha256_extract(...parameters: number[]): number
}

/** Takes keys up to SODIUM_HMAC_KEY_BYTES and data up to SODIUM_HMAC_BYTES; nothing checks that here. */
export function sodiumHmacSha256(module: SodiumHkdfModule): Hmac {
  const mac = module._malloc(MAC_BYTES + SODIUM_HMAC_KEY_BYTES + SODIUM_HMAC_BYTES)
  if (mac === 0) throw new RangeError('no memory')
  const at = { key: mac + MAC_BYTES, data: mac + MAC_BYTES + SODIUM_HMAC_KEY_BYTES }
  const { _crypto_kdf_hkdf_sha256_extract: extract } = module
  return (key, data) => {
    const memory = module.HEAPU8
    memory.set(key, at.key)
    memory.set(data, at.data)
    extract(mac, at.key, key.length, at.data, data.length)
    const output = memory.slice(mac, at.key)
    memory.fill(0, mac, at.data + data.length)
    return output
  }
}

/** Lengths around the blocks of the hash, and the longest that is taken. */
const TRIED_KEYS = [0, 1, 32, 63, SODIUM_HMAC_KEY_BYTES]
const TRIED_DATA = [0, 1, 32, 55, 56, 64, 98, SODIUM_HMAC_BYTES]

export function hmacsAgree(a: Hmac, b: Hmac): boolean {
  const bytes = (length: number, first: number): Uint8Array =>
    Uint8Array.from({ length }, (_, i) => first + 7 * i)
  return TRIED_KEYS.every((keyLength) =>
    TRIED_DATA.every((length) => {
      const [key, data] = [bytes(keyLength, 1), bytes(length, 2)]
      return equalBytes(a(key, data), b(key, data))
    }),
  )
}

/** Null where it is not to be had. */
export async function loadSodiumHmac(reference: Hmac): Promise<Hmac | null> {
  try {
    const { default: sodium } = await import('libsodium-wrappers')
    await sodium.ready
    // Beside the wrappers, which allocate anew for each argument, the library shows what it wraps.
    const { libsodium } = sodium as unknown as { readonly libsodium: SodiumHkdfModule }
    const hmac = sodiumHmacSha256(libsodium)
    return hmacsAgree(reference, hmac) ? hmac : null
  } catch {
    // Not installed, no WebAssembly, or another shape: the native one does the same.
    return null
  }
}
