/** Loading what serves the symmetric operations of short messages on Node. */
import type { SymmetricLibrary } from '../symmetric-library.js'
import { prepareChacha } from './aead.js'
import { prepareHmac } from './hmac.js'

/** Loads libsodium now instead of after many messages, and tells which library serves short ones from here on. */
export async function prepareSymmetric(): Promise<SymmetricLibrary> {
  const loaded = await Promise.all([prepareChacha(), prepareHmac()])
  return loaded.every(Boolean) ? 'libsodium' : 'node'
}
