/**
 * KeyPackages (RFC 9420 section 10): how a device offers itself to be invited, and the private half it keeps
 * until a Welcome arrives. Knows no group.
 */
import { concatBytes, equalBytes } from '@hyphae/core'
import type { Capabilities, KeyPackage, PrivateKeyPackage } from 'ts-mls'
import { generateKeyPackageWithKey } from 'ts-mls/keyPackage.js'
import { decodeMessage, encodeMessage } from './codec.js'
import { assertCredential, type MlsContext, type MlsIdentity } from './context.js'
import { MlsError } from './errors.js'
import type { LifetimeCheck } from './leaf.js'
import {
  CLOCK_SKEW_SECONDS,
  KEY_PACKAGE_LIFETIME_SECONDS,
  MAX_CREDENTIAL_BYTES,
  MAX_KEY_PACKAGE_BYTES,
} from './limits.js'
import { suiteOf } from './provider.js'
import { ROLES_EXTENSION } from './roles/extension.js'
import { type SigningKey, signingBytes, signingKeyFrom } from './signing.js'
import { DEFAULT_SUITE, SUITE_NAMES, suiteIdOf } from './suite.js'
import type { SyncSuite } from './sync-suite.js'

const SECRET_VERSION = 1

export interface KeyPackagePair {
  readonly publicPackage: KeyPackage
  readonly privatePackage: PrivateKeyPackage
}

/** @throws MlsError `mls/bad-argument` when the clock does not show a time since 1970 */
export function nowSeconds(ctx: MlsContext): number {
  const now = Math.floor(ctx.clock.now() / 1000)
  if (!Number.isSafeInteger(now) || now < 0) throw new MlsError('mls/bad-argument', { details: { now } })
  return now
}

/** For whoever reads what others have put into a commit; null where lifetimes are not judged. */
export function lifetimeCheck(ctx: MlsContext): LifetimeCheck | null {
  return ctx.interop?.wide === undefined ? { now: nowSeconds(ctx), sending: false } : null
}

/** Every member with the same suites says the same, so nobody is told apart by it. */
function capabilities({ suites = [] }: MlsContext): Capabilities {
  return {
    versions: ['mls10'],
    ciphersuites: [SUITE_NAMES[1], SUITE_NAMES[3], ...suites.map(({ id }) => SUITE_NAMES[id])],
    extensions: [LAST_RESORT_EXTENSION, ROLES_EXTENSION],
    proposals: [],
    credentials: ['basic'],
  }
}

/** A signature key for the suite of this context; in suites 1, 3 and 83 an Ed25519 key of the provider. */
export function generateSigningKey(ctx: Pick<MlsContext, 'crypto' | 'suite' | 'suites'>): SigningKey {
  const { sync } = suiteOf(ctx.crypto, ctx.suite ?? DEFAULT_SUITE, ctx.suites)
  return signingKeyFrom(ctx.crypto, sync, sync.generateSigning())
}

/** Of the MLS extensions document: this KeyPackage is for when all others have been taken. */
export const LAST_RESORT_EXTENSION = 0x000a

/** @throws MlsError `mls/bad-credential`, `mls/bad-argument` */
export async function generatePair(
  ctx: MlsContext,
  identity: MlsIdentity<SigningKey>,
  lastResort = false,
): Promise<KeyPackagePair> {
  const { credential, signing } = identity
  if (credential.length > MAX_CREDENTIAL_BYTES)
    throw new MlsError('mls/bad-argument', { details: { credential: credential.length } })
  assertCredential(ctx, credential, signing.publicKey)
  const cs = suiteOf(ctx.crypto, ctx.suite ?? DEFAULT_SUITE, ctx.suites)
  const signKey = signingBytes(ctx.crypto, cs.sync, signing)
  const now = nowSeconds(ctx)
  return generateKeyPackageWithKey(
    { credentialType: 'basic', identity: credential.slice() },
    capabilities(ctx),
    {
      notBefore: BigInt(Math.max(0, now - CLOCK_SKEW_SECONDS)),
      notAfter: BigInt(now + KEY_PACKAGE_LIFETIME_SECONDS),
    },
    lastResort ? [{ extensionType: LAST_RESORT_EXTENSION, extensionData: new Uint8Array() }] : [],
    { publicKey: signing.publicKey.slice(), signKey },
    cs,
  )
}

/**
 * `keyPackage` is an MLSMessage to publish, good for 28 days and one invitation; `secret` (97 bytes, 145 in
 * suite 7) opens the Welcome made with it: seal it at rest, delete it after joining. A pool (pool.ts) does that.
 * @throws MlsError `mls/bad-credential`, `mls/bad-argument`
 */
export async function createKeyPackage(
  ctx: MlsContext,
  identity: MlsIdentity<SigningKey>,
): Promise<{ keyPackage: Uint8Array; secret: Uint8Array }> {
  const { publicPackage, privatePackage } = await generatePair(ctx, identity)
  return { keyPackage: encodeKeyPackage(publicPackage), secret: encodeSecret(privatePackage) }
}

export function encodeKeyPackage(keyPackage: KeyPackage): Uint8Array {
  return encodeMessage({ version: 'mls10', wireformat: 'mls_key_package', keyPackage })
}

/** Shape alone: whether it may enter a group is judged where it does. @throws MlsError `mls/bad-key-package` */
export function decodeKeyPackage(bytes: Uint8Array): KeyPackage {
  const message = decodeMessage(bytes, MAX_KEY_PACKAGE_BYTES, 'mls/bad-key-package')
  if (message.wireformat !== 'mls_key_package') throw new MlsError('mls/bad-key-package')
  return message.keyPackage
}

export function encodeSecret(keys: PrivateKeyPackage): Uint8Array {
  return concatBytes(
    Uint8Array.of(SECRET_VERSION),
    keys.initPrivateKey,
    keys.hpkePrivateKey,
    keys.signaturePrivateKey,
  )
}

/** Each part is a copy. @throws MlsError `mls/bad-snapshot` */
function decodeSecret(sync: SyncSuite, secret: Uint8Array): PrivateKeyPackage {
  const { kemKeyLength: kem, signingKeyLength } = sync
  if (secret.length !== 1 + 2 * kem + signingKeyLength || secret[0] !== SECRET_VERSION)
    throw new MlsError('mls/bad-snapshot', { details: { length: secret.length } })
  return {
    initPrivateKey: secret.slice(1, 1 + kem),
    hpkePrivateKey: secret.slice(1 + kem, 1 + 2 * kem),
    signaturePrivateKey: secret.slice(1 + 2 * kem),
  }
}

/**
 * A KeyPackage with the private half it was made with.
 * @throws MlsError `mls/bad-key-package` when the two do not belong together, `mls/bad-snapshot`,
 *   `mls/unsupported-suite`
 */
export function decodePair(ctx: MlsContext, keyPackage: Uint8Array, secret: Uint8Array): KeyPackagePair {
  const publicPackage = decodeKeyPackage(keyPackage)
  const suite = suiteIdOf(publicPackage.cipherSuite)
  if (suite === null) throw new MlsError('mls/bad-key-package')
  const { sync } = suiteOf(ctx.crypto, suite, ctx.suites)
  const privatePackage = decodeSecret(sync, secret)
  const { initKey, leafNode } = publicPackage
  const matches =
    equalBytes(sync.kemPublicOf(privatePackage.initPrivateKey), initKey) &&
    equalBytes(sync.kemPublicOf(privatePackage.hpkePrivateKey), leafNode.hpkePublicKey) &&
    equalBytes(sync.signingPublicOf(privatePackage.signaturePrivateKey), leafNode.signaturePublicKey)
  if (!matches) throw new MlsError('mls/bad-key-package')
  return { publicPackage, privatePackage }
}

/** What an inviter can tell of a KeyPackage before it uses it. */
export interface KeyPackageInfo {
  readonly credential: Uint8Array
  readonly signatureKey: Uint8Array
  /** Seconds since 1970. */
  readonly notAfter: number
  /** It is what is left when all others of that device have been taken: show that, and prefer another one. */
  readonly lastResort: boolean
}

/** Its signatures are checked when it is used, not here. @throws MlsError `mls/bad-key-package`, `mls/too-large` */
export function readKeyPackage(bytes: Uint8Array): KeyPackageInfo {
  const { leafNode, extensions } = decodeKeyPackage(bytes)
  if (leafNode.leafNodeSource !== 'key_package' || leafNode.credential.credentialType !== 'basic')
    throw new MlsError('mls/bad-key-package')
  return {
    credential: leafNode.credential.identity,
    signatureKey: leafNode.signaturePublicKey,
    notAfter: Number(leafNode.lifetime.notAfter),
    lastResort: extensions.some(({ extensionType }) => extensionType === LAST_RESORT_EXTENSION),
  }
}
