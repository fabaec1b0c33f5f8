/**
 * Account keys and account ids. spec/identity.md section 3.
 *
 *   account id = bech32m("hyphae", Ed25519 public key)   (BIP 350)
 *
 * The account key signs certificates and records, nothing else. Knows no device and no handle.
 */
import type { AccountId } from '@hyphae/core'
import { type CryptoProvider, type Ed25519PrivateKey, isAcceptableEd25519Key } from '@hyphae/crypto'
import { bech32m } from '@scure/base'
import { IdentityError } from './errors.js'
import { KEY_BYTES } from './limits.js'

export interface AccountKeys {
  readonly signing: Ed25519PrivateKey
}

const PREFIX = 'hyphae'
/** Prefix, separator, 52 characters for 32 bytes, 6 for the checksum. */
const ACCOUNT_ID_CHARACTERS: number = PREFIX.length + 1 + 52 + 6

export function createAccount(crypto: CryptoProvider): AccountKeys {
  return { signing: crypto.ed25519.generate() }
}

/** The account of a 32-byte secret seed, always the same one. @throws IdentityError `identity/bad-seed` */
export function accountFromSeed(crypto: CryptoProvider, seed: Uint8Array): AccountKeys {
  if (seed.length !== KEY_BYTES)
    throw new IdentityError('identity/bad-seed', { details: { length: seed.length } })
  return { signing: crypto.ed25519.importSeed(seed) }
}

/** The 32-byte secret seed, for a backup or a sealed snapshot, nothing else. */
export function exportAccountSeed(crypto: CryptoProvider, account: AccountKeys): Uint8Array {
  return crypto.ed25519.exportSeed(account.signing)
}

/** Text form of an account's 32-byte public key. @throws IdentityError `identity/bad-key` */
export function accountId(publicKey: Uint8Array): AccountId {
  if (!isAcceptableEd25519Key(publicKey)) throw new IdentityError('identity/bad-key')
  return bech32m.encode(PREFIX, bech32m.toWords(publicKey)) as string as AccountId
}

/**
 * The 32-byte public key of an account id: lower case, exact length, valid checksum, a usable key.
 * @throws IdentityError `identity/bad-account-id`
 */
export function accountKey(id: string): Uint8Array {
  if (id.length !== ACCOUNT_ID_CHARACTERS)
    throw new IdentityError('identity/bad-account-id', { details: { length: id.length } })
  const decoded = bech32m.decodeUnsafe(id)
  const key = decoded?.prefix === PREFIX ? bech32m.fromWordsUnsafe(decoded.words) : undefined
  // One id has one text: upper case is valid bech32, but not an account id.
  if (!key || !isAcceptableEd25519Key(key) || accountId(key) !== id)
    throw new IdentityError('identity/bad-account-id')
  return key
}
