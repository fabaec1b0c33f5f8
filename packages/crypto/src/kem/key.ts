/**
 * KEM private keys as opaque objects, as in keys.ts: printing, logging or serialising one shows its public half
 * only. It is its 64-byte seed (d ‖ z); the expanded key is derived at first use and kept, because restoring a
 * hundred prekeys should not cost a hundred key generations.
 */
import { toHex } from '@hyphae/core'
import { CryptoError } from '../errors.js'
import type { ExpandedKemKey } from './engine.js'

export type KemName = 'ml-kem-768' | 'ml-kem-1024'

/** A KEM private key, made by `generate` or `importSeed` of one `Kem`. */
export interface KemPrivateKey {
  readonly kind: KemName
  readonly publicKey: Uint8Array
}

/** What Node's console, `util.inspect` and the test runners ask for. */
const INSPECT: symbol = Symbol.for('nodejs.util.inspect.custom')

export class OpaqueKemKey implements KemPrivateKey {
  readonly kind: KemName
  #seed: Uint8Array
  #expand: (seed: Uint8Array) => ExpandedKemKey
  #expanded: ExpandedKemKey | undefined

  /** Keeps `seed`: the caller passes a copy of its own. */
  constructor(kind: KemName, seed: Uint8Array, expand: (seed: Uint8Array) => ExpandedKemKey) {
    this.kind = kind
    this.#seed = seed
    this.#expand = expand
  }

  /** The same array every time, so callers must not change it. */
  get publicKey(): Uint8Array {
    return OpaqueKemKey.expanded(this).publicKey
  }

  toJSON(): { kind: KemName; publicKey: string } {
    return { kind: this.kind, publicKey: toHex(this.publicKey) }
  }

  toString(): string {
    return `${this.kind} private key of ${toHex(this.publicKey.subarray(0, 16))}…`
  }

  // Not a class member: declarations emitted file by file cannot name a computed one.
  static {
    Object.defineProperty(OpaqueKemKey.prototype, INSPECT, {
      value(this: OpaqueKemKey): string {
        return `[${this}]`
      },
    })
  }

  static seed(key: OpaqueKemKey): Uint8Array {
    return key.#seed
  }

  static expanded(key: OpaqueKemKey): ExpandedKemKey {
    key.#expanded ??= key.#expand(key.#seed)
    return key.#expanded
  }

  static is(value: object): value is OpaqueKemKey {
    return #seed in value
  }
}

/** @throws CryptoError `crypto/foreign-key` */
export function ownKemKey(key: KemPrivateKey, kind: KemName): OpaqueKemKey {
  if (typeof key !== 'object' || key === null || !OpaqueKemKey.is(key) || key.kind !== kind) {
    throw new CryptoError('crypto/foreign-key', { details: { expected: kind } })
  }
  return key
}
