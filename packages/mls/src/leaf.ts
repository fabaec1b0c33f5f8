/**
 * What a leaf must be to enter a group (RFC 9420 section 7.3).
 * Knows keys and limits; not trees, and not what a credential means.
 */
import type { KeyPackage, LeafNode } from 'ts-mls'
import { assertSize } from './codec.js'
import { MlsError, type MlsErrorCode } from './errors.js'
import { labelled } from './labels.js'
import { leafTbs } from './leaf-codec.js'
import {
  CLOCK_SKEW_SECONDS,
  LATE_COMMIT_SECONDS,
  MAX_CREDENTIAL_BYTES,
  MAX_LIFETIME_SECONDS,
} from './limits.js'
import { credentialBytes } from './state.js'
import type { SyncSuite } from './sync-suite.js'

/** A key that no honest device makes would make every later commit fail for whoever encrypts to it. */
export function assertEncryptionKey(sync: SyncSuite, key: Uint8Array, code: MlsErrorCode): void {
  if (!sync.isKemKey(key)) throw new MlsError(code)
}

/** Keys, credential and capabilities of a leaf, whatever it came in. */
export function assertLeafShape(leaf: LeafNode, sync: SyncSuite, code: MlsErrorCode): void {
  assertEncryptionKey(sync, leaf.hpkePublicKey, code)
  if (!sync.isSigningKey(leaf.signaturePublicKey)) throw new MlsError(code)
  assertSize(credentialBytes(leaf), MAX_CREDENTIAL_BYTES)
  const { versions, ciphersuites, credentials } = leaf.capabilities
  const suites: readonly string[] = ciphersuites
  if (!versions.includes('mls10') || !suites.includes(sync.name) || !credentials.includes('basic'))
    throw new MlsError(code)
}

/** Section 7.2: the leaf is signed by its own key, for this place in this group where it names one. */
export function isSignedLeaf(suite: SyncSuite, leaf: LeafNode, groupId: Uint8Array, index: number): boolean {
  const tbs = labelled('LeafNodeTBS', leafTbs(leaf, groupId, index))
  return suite.verify(leaf.signaturePublicKey, tbs, leaf.signature)
}

/** Seconds; `sending` when this member puts the KeyPackage into a commit of its own. */
export interface LifetimeCheck {
  readonly now: number
  readonly sending: boolean
}

/** RFC 9420 section 7.2. A reader may be late, an inviter may not. @throws MlsError `mls/expired` */
export function assertLifetime(leaf: LeafNode, { now, sending }: LifetimeCheck): void {
  if (leaf.leafNodeSource !== 'key_package') throw new MlsError('mls/bad-key-package')
  const { notBefore, notAfter } = leaf.lifetime
  const late = BigInt(sending ? 0 : LATE_COMMIT_SECONDS)
  const early = BigInt(sending ? 0 : CLOCK_SKEW_SECONDS)
  const at = BigInt(now)
  const range = notAfter - notBefore
  if (range < 0n || range > BigInt(MAX_LIFETIME_SECONDS) || notBefore > at + early || notAfter + late < at)
    throw new MlsError('mls/expired', { details: { now, notAfter: Number(notAfter) } })
}

/** Everything about a KeyPackage but its two signatures and its credential, which ts-mls asks for. */
export function assertKeyPackage(keyPackage: KeyPackage, sync: SyncSuite, check: LifetimeCheck | null): void {
  if (keyPackage.version !== 'mls10' || keyPackage.cipherSuite !== sync.name)
    throw new MlsError('mls/bad-key-package')
  assertEncryptionKey(sync, keyPackage.initKey, 'mls/bad-key-package')
  assertLeafShape(keyPackage.leafNode, sync, 'mls/bad-key-package')
  if (check !== null) assertLifetime(keyPackage.leafNode, check)
}
