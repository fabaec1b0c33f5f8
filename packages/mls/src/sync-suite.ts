/** What a cipher suite can do, without promises: provider.ts puts it behind those that ts-mls asks for. */
import type { CryptoProvider } from '@hyphae/crypto'
import type { MlsSuite, SuiteHash, SuiteName } from './suite.js'

/** A key pair of the suite's KEM, as bytes. */
export interface KemPair {
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
}

/** A suite that the package brings along when it is asked for: `@hyphae/mls/suites`. */
export interface SuiteMaker {
  readonly id: MlsSuite
  make(crypto: CryptoProvider): SyncSuite
}

export interface SentExport {
  readonly kemOutput: Uint8Array
  readonly secret: Uint8Array
}

export interface Encapsulated {
  readonly kemOutput: Uint8Array
  readonly ciphertext: Uint8Array
}

export interface Recipient {
  readonly publicKey: Uint8Array
  readonly plaintext: Uint8Array
}

/** Everything a suite can do, without promises. Keys are bytes; whoever passes the same array again saves an import. */
export interface SyncSuite {
  readonly name: SuiteName
  readonly hash: SuiteHash
  /** Lengths of the AEAD, bytes. */
  readonly keyLength: number
  readonly nonceLength: number
  extract(salt: Uint8Array, ikm: Uint8Array): Uint8Array
  expand(prk: Uint8Array, info: Uint8Array, length: number): Uint8Array
  sign(key: Uint8Array, message: Uint8Array): Uint8Array
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  sealAead(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** @throws MlsError `mls/undecryptable` */
  openAead(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array
  /** RFC 9180 base mode, one message. */
  sealTo(publicKey: Uint8Array, info: Uint8Array, plaintext: Uint8Array): Encapsulated
  /** The same to many under one info, where a suite can share the work on it. */
  sealToAll?(recipients: readonly Recipient[], info: Uint8Array): Encapsulated[]
  /** @throws MlsError `mls/undecryptable` */
  openWith(privateKey: Uint8Array, info: Uint8Array, sealed: Encapsulated): Uint8Array
  /** RFC 9180 section 7.1.3. */
  deriveKemPair(ikm: Uint8Array): KemPair
  generateKemPair(): KemPair
  kemPublicOf(privateKey: Uint8Array): Uint8Array
  /** Whether an honest device could have made it. */
  isKemKey(publicKey: Uint8Array): boolean
  /** RFC 9180 section 6.2, SendExportBase and ReceiveExportBase. */
  sendExport(publicKey: Uint8Array, exporterContext: Uint8Array, length: number): SentExport
  /** @throws MlsError `mls/undecryptable` */
  receiveExport(
    privateKey: Uint8Array,
    kemOutput: Uint8Array,
    exporterContext: Uint8Array,
    length: number,
  ): Uint8Array
  /** Lengths of private keys, bytes. */
  readonly kemKeyLength: number
  readonly signingKeyLength: number
  readonly signatureKind: 'ed25519' | 'p256' | 'p384'
  generateSigning(): Uint8Array
  signingPublicOf(key: Uint8Array): Uint8Array
  isSigningKey(publicKey: Uint8Array): boolean
  randomBytes(length: number): Uint8Array
}

export function sealToAll(
  suite: SyncSuite,
  recipients: readonly Recipient[],
  info: Uint8Array,
): Encapsulated[] {
  if (suite.sealToAll !== undefined) return suite.sealToAll(recipients, info)
  return recipients.map(({ publicKey, plaintext }) => suite.sealTo(publicKey, info, plaintext))
}
