/** What the suites for carriers are given, and what they make from it: box keys and frames. */
import { type BoxId, type BoxKey, boxId, type Carrier, type MailboxPut } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import { type ComplianceCase, rule } from './compliance.js'

export interface CarrierSubject {
  readonly carrier: Carrier
  /** A second carrier on the same network, as another node would have; the first serves where it is left out. */
  readonly other?: Carrier
  /** Breaks the connections of both, as a network does; they stay. Without it the suite does not ask about it, and says so. */
  cut?(): Promise<void> | void
  dispose(): Promise<void> | void
}

export type OpenCarrier = () => Promise<CarrierSubject>

export interface CarrierComplianceOptions {
  /** Makes the Ed25519 keys of boxes and writers. */
  readonly crypto: CryptoProvider
  /** Real milliseconds to wait for what must come; PATIENCE_MS where it is left out. */
  readonly patienceMs?: number
}

export type MakeCarrierCase = (
  name: string,
  body: (subject: CarrierSubject) => Promise<void>,
) => ComplianceCase

/** `capability` of a carrier, which must have it to be tested for it. */
export function capability<Name extends 'mailbox' | 'directory' | 'blobs' | 'link' | 'topic'>(
  carrier: Carrier,
  name: Name,
): NonNullable<Carrier[Name]> {
  const found = carrier[name]
  rule(found !== undefined, `the carrier offers ${name}`)
  return found as NonNullable<Carrier[Name]>
}

/** A fresh mailbox. */
export function createBoxKey(crypto: CryptoProvider): BoxKey {
  return boxKeyOf(crypto, crypto.ed25519.generate())
}

export function boxKeyOf(crypto: CryptoProvider, key: Ed25519PrivateKey): BoxKey {
  return { id: boxId(key.publicKey), sign: (message) => crypto.ed25519.sign(key, message) }
}

/** A frame of random bytes for a box, under a random id. */
export function randomPut(crypto: CryptoProvider, box: BoxId, size = 512): MailboxPut {
  return { box, id: crypto.randomBytes(16), frame: crypto.randomBytes(size) }
}
