/**
 * Private keys as opaque objects: the secret and the platform's key handle live in private fields, so that
 * printing, logging, serialising or cloning a key shows its public half only. Both providers share the type:
 * a key made by one works with the other. Knows no curve; the provider passes in how to derive.
 */
import { toHex } from '@hyphae/core'
import { CryptoError } from './errors.js'
import type { Ed25519PrivateKey, X25519PrivateKey } from './provider.js'

export type KeyKind = 'ed25519' | 'x25519'

interface KeyTypes {
  readonly ed25519: Ed25519PrivateKey
  readonly x25519: X25519PrivateKey
}

/** What Node's console, `util.inspect` and the test runners ask for. */
const INSPECT: symbol = Symbol.for('nodejs.util.inspect.custom')

/** A live resource: it may hold a native key handle, made at first use and kept. */
export class OpaqueKey<Kind extends KeyKind = KeyKind> {
  readonly kind: Kind
  #secret: Uint8Array
  #derive: (key: OpaqueKey) => Uint8Array
  #publicKey: Uint8Array | undefined
  #native: unknown

  constructor(kind: Kind, secret: Uint8Array, derive: (key: OpaqueKey) => Uint8Array) {
    this.kind = kind
    this.#secret = secret
    this.#derive = derive
  }

  /**
   * Derived at first use: restoring thousands of keys should not cost thousands of multiplications. The same
   * array every time, so callers must not change it.
   */
  get publicKey(): Uint8Array {
    this.#publicKey ??= this.#derive(this)
    return this.#publicKey
  }

  toJSON(): { kind: Kind; publicKey: string } {
    return { kind: this.kind, publicKey: toHex(this.publicKey) }
  }

  toString(): string {
    return `${this.kind} private key of ${toHex(this.publicKey)}`
  }

  // Not a class member: declarations emitted file by file cannot name a computed one.
  static {
    Object.defineProperty(OpaqueKey.prototype, INSPECT, {
      value(this: OpaqueKey): string {
        return `[${this}]`
      },
    })
  }

  static secret(key: OpaqueKey): Uint8Array {
    return key.#secret
  }

  static native<T>(key: OpaqueKey, make: (secret: Uint8Array) => T): T {
    key.#native ??= make(key.#secret)
    return key.#native as T
  }

  static is(value: object): value is OpaqueKey {
    return #secret in value
  }
}

function own<Kind extends KeyKind>(key: KeyTypes[Kind], kind: Kind): OpaqueKey {
  if (typeof key !== 'object' || key === null || !OpaqueKey.is(key) || key.kind !== kind) {
    throw new CryptoError('crypto/foreign-key', { details: { expected: kind } })
  }
  return key
}

/** The live secret, not a copy: callers neither keep nor change it. @throws CryptoError `crypto/foreign-key` */
export function secretOf<Kind extends KeyKind>(key: KeyTypes[Kind], kind: Kind): Uint8Array {
  return OpaqueKey.secret(own(key, kind))
}

/** The cached platform handle, made from the secret at first use. @throws CryptoError `crypto/foreign-key` */
export function nativeOf<T, Kind extends KeyKind>(
  key: KeyTypes[Kind],
  kind: Kind,
  make: (secret: Uint8Array) => T,
): T {
  return OpaqueKey.native(own(key, kind), make)
}
