/** What suites share: imported keys kept beside their bytes, and one answer for whatever does not open. */
import { MlsError } from './errors.js'

/** Remembers what was imported from a byte array for as long as the array lives. */
export interface KeyCache<K> {
  (bytes: Uint8Array): K
  keep(bytes: Uint8Array, key: K): void
}

export function keyCache<K>(load: (bytes: Uint8Array) => K): KeyCache<K> {
  const known = new WeakMap<Uint8Array, K>()
  const find = (bytes: Uint8Array): K => {
    const cached = known.get(bytes)
    if (cached !== undefined) return cached
    const key = load(bytes)
    known.set(bytes, key)
    return key
  }
  return Object.assign(find, { keep: (bytes: Uint8Array, key: K): void => void known.set(bytes, key) })
}

/** Nobody learns which check failed. @throws MlsError `mls/undecryptable` */
export function opened(plaintext: Uint8Array | null): Uint8Array {
  if (plaintext === null) throw new MlsError('mls/undecryptable')
  return plaintext
}
