/**
 * From options and header to a codec: makes the header of a new store, opens that of an old one.
 *
 *   wrapping key = scrypt(NFKC passphrase, salt)  or  HKDF-SHA256(key, salt, 'hyphae store 1 wrap')
 *   value key ‖ blind key = HKDF-SHA256(data key, salt, 'hyphae store 1 records', 64)
 *
 * The data key is random, so a new passphrase would only wrap it anew. scrypt runs once, here.
 */
import { utf8 } from '@hyphae/core'
import { type CryptoProvider, defaultCrypto, type ScryptParameters, zeroize } from '@hyphae/crypto'
import { checkedCodec, type RecordCodec } from './codec.js'
import type { Engine } from './engine.js'
import { StoreError } from './errors.js'
import {
  decodeHeader,
  encodeHeader,
  encodePreamble,
  isBearableScrypt,
  type ProtectionMode,
  SALT_BYTES,
  type StoreHeader,
} from './header.js'
import { DEFAULT_SCRYPT } from './limits.js'
import { sealedCodec } from './sealed-codec.js'

export interface PassphraseProtection {
  readonly passphrase: string
  /** Other costs than the default for a new store. Cheap ones are for tests: they make guessing cheap. */
  readonly unsafeScrypt?: ScryptParameters
}

export interface KeyProtection {
  /** 32 bytes, uniformly random: from a keychain, not from a person. */
  readonly key: Uint8Array
}

export interface PlaintextProtection {
  readonly unsafePlaintext: true
}

export type Encryption = PassphraseProtection | KeyProtection
export type Protection = Encryption | PlaintextProtection

/** Sorts before every record, whose stored keys start with a part's tag: 1, 2 or 3. */
export const HEADER_KEY: Uint8Array = Uint8Array.of(0)
const ALL_RECORDS = { gte: Uint8Array.of(1), lt: Uint8Array.of(0xff) }
const DATA_KEY_BYTES = 32
const NONCE_BYTES = 24
const WRAP_INFO: Uint8Array = utf8('hyphae store 1 wrap')
const RECORDS_INFO: Uint8Array = utf8('hyphae store 1 records')

/** @throws StoreError `store/bad-options`, `store/wrong-key`, `store/wrong-mode`, `store/corrupt` */
export async function openProtection(
  engine: Engine,
  protection: Protection,
  crypto: CryptoProvider = defaultCrypto,
): Promise<RecordCodec> {
  const mode = modeOf(protection)
  const stored = await engine.get(HEADER_KEY)
  if (stored === undefined) return createProtection(engine, mode, protection, crypto)
  const header = decodeHeader(stored)
  if (header.mode !== mode) throw new StoreError('store/wrong-mode', { details: { madeWith: header.mode } })
  if (mode === 'plaintext') return checkedCodec(crypto.sha256)
  return recordCodec(crypto, unwrap(crypto, header, protection as Encryption), header.salt)
}

async function createProtection(
  engine: Engine,
  mode: ProtectionMode,
  protection: Protection,
  crypto: CryptoProvider,
): Promise<RecordCodec> {
  // Records without a header: the header is lost, and a new one would hide that.
  const first = await engine.range({ ...ALL_RECORDS, limit: 1 })
  if (first.length > 0) throw new StoreError('store/corrupt', { details: { record: 'header' } })
  const salt = crypto.randomBytes(SALT_BYTES)
  const scrypt = 'passphrase' in protection ? (protection.unsafeScrypt ?? DEFAULT_SCRYPT) : undefined
  const preamble = { mode, scrypt, salt }
  if (mode === 'plaintext') {
    const header = encodeHeader({ ...preamble, wrapped: new Uint8Array() })
    await engine.write([{ key: HEADER_KEY, value: header }])
    return checkedCodec(crypto.sha256)
  }
  const dataKey = crypto.randomBytes(DATA_KEY_BYTES)
  const wrapped = wrap(crypto, preamble, protection as Encryption, dataKey)
  await engine.write([{ key: HEADER_KEY, value: encodeHeader({ ...preamble, wrapped }) }])
  return recordCodec(crypto, dataKey, salt)
}

/** @throws StoreError `store/bad-options`, also when a caller without a compiler passed nothing */
export function modeOf(protection: Protection): ProtectionMode {
  const given = ['passphrase', 'key', 'unsafePlaintext'].filter((name) => name in Object(protection))
  if (given.length === 1) {
    if ('unsafePlaintext' in protection && protection.unsafePlaintext === true) return 'plaintext'
    if ('key' in protection && protection.key instanceof Uint8Array && protection.key.length === 32)
      return 'key'
    if ('passphrase' in protection && isUsablePassphrase(protection)) return 'passphrase'
  }
  throw new StoreError('store/bad-options')
}

function isUsablePassphrase({ passphrase, unsafeScrypt }: PassphraseProtection): boolean {
  return (
    typeof passphrase === 'string' && passphrase !== '' && isBearableScrypt(unsafeScrypt ?? DEFAULT_SCRYPT)
  )
}

function wrap(
  crypto: CryptoProvider,
  preamble: Omit<StoreHeader, 'wrapped'>,
  protection: Encryption,
  dataKey: Uint8Array,
): Uint8Array {
  const key = wrappingKey(crypto, preamble, protection)
  const nonce = crypto.randomBytes(NONCE_BYTES)
  const sealed = crypto.xchacha20Poly1305.seal(key, nonce, dataKey, encodePreamble(preamble))
  zeroize(key)
  const wrapped = new Uint8Array(nonce.length + sealed.length)
  wrapped.set(nonce)
  wrapped.set(sealed, nonce.length)
  return wrapped
}

function unwrap(crypto: CryptoProvider, header: StoreHeader, protection: Encryption): Uint8Array {
  const key = wrappingKey(crypto, header, protection)
  const nonce = header.wrapped.subarray(0, NONCE_BYTES)
  const sealed = header.wrapped.subarray(NONCE_BYTES)
  const dataKey = crypto.xchacha20Poly1305.open(key, nonce, sealed, encodePreamble(header))
  zeroize(key)
  if (dataKey === null) throw new StoreError('store/wrong-key')
  return dataKey
}

function wrappingKey(
  crypto: CryptoProvider,
  { salt, scrypt }: Pick<StoreHeader, 'salt' | 'scrypt'>,
  protection: Encryption,
): Uint8Array {
  if ('key' in protection) return crypto.hkdfSha256(protection.key, salt, WRAP_INFO, 32)
  // The same passphrase typed on two keyboards can differ in composition: NFKC makes it one.
  const password = utf8(protection.passphrase.normalize('NFKC'))
  const key = crypto.scrypt(password, salt, scrypt ?? DEFAULT_SCRYPT, 32)
  zeroize(password)
  return key
}

function recordCodec(crypto: CryptoProvider, dataKey: Uint8Array, salt: Uint8Array): RecordCodec {
  const keys = crypto.hkdfSha256(dataKey, salt, RECORDS_INFO, 64)
  zeroize(dataKey)
  return sealedCodec(crypto, { value: keys.subarray(0, 32), blind: keys.subarray(32) })
}
