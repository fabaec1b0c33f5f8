/** The providers every test runs over. */
import { type CryptoProvider, createNobleCrypto, nobleCrypto, type Rng } from '../src/index.js'
import { createNodeCrypto, nodeCrypto, prepareSymmetric } from '../src/index.node.js'
import { aeadOver, nativeChacha, xchachaOver } from '../src/node/aead.js'
import { nativeHmacSha256 } from '../src/node/hmac.js'
import { createSlimCrypto, slimCrypto } from '../src/slim.js'

// From here on short messages of nodeCrypto are libsodium's.
await prepareSymmetric()

/** nodeCrypto as it is before libsodium has loaded, and where it was not installed. */
export const nativeCrypto: CryptoProvider = Object.freeze({
  ...nodeCrypto,
  hmacSha256: nativeHmacSha256,
  chacha20Poly1305: aeadOver(nativeChacha, 32),
  xchacha20Poly1305: xchachaOver(nativeChacha),
})

/** The slim provider lacks some members: noble's stand in for them, so that it takes every test. */
export const PROVIDERS: readonly (readonly [string, CryptoProvider])[] = [
  ['noble', nobleCrypto],
  ['node', nodeCrypto],
  ['node', nativeCrypto],
  ['slim', Object.freeze({ ...nobleCrypto, ...slimCrypto })],
]

export const CREATE: readonly (readonly [string, (options: { rng: Rng }) => CryptoProvider])[] = [
  ['noble', createNobleCrypto],
  ['node', createNodeCrypto],
  ['slim', (options) => Object.freeze({ ...createNobleCrypto(options), ...createSlimCrypto(options) })],
]

export const AEADS = ['chacha20Poly1305', 'xchacha20Poly1305', 'aes128Gcm', 'aes256Gcm'] as const

/** The stable code of what `run` throws; fails the test when it throws nothing. */
export function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return (error as { code?: string }).code ?? `not typed: ${String(error)}`
  }
  throw new Error('nothing was thrown')
}
