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
import {
  CLOCK_SKEW_SECONDS,
  KEY_PACKAGE_LIFETIME_SECONDS,
  MAX_CREDENTIAL_BYTES,
  MAX_KEY_PACKAGE_BYTES,
} from './limits.js'
import { suiteOf } from './provider.js'
import { ROLES_EXTENSION } from './roles/extension.js'
import { DEFAULT_SUITE, SUITE_NAMES } from './suite.js'

const SECRET_VERSION = 1
const KEY_BYTES = 32
const SECRET_BYTES = 1 + 3 * KEY_BYTES

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

/** Every member says the same, so nobody is told apart by it. */
function capabilities(): Capabilities {
  return {
    versions: ['mls10'],
    ciphersuites: [SUITE_NAMES[1], SUITE_NAMES[3]],
    extensions: [ROLES_EXTENSION],
    proposals: [],
    credentials: ['basic'],
  }
}

/** @throws MlsError `mls/bad-credential`, `mls/bad-argument` */
export async function generatePair(ctx: MlsContext, identity: MlsIdentity): Promise<KeyPackagePair> {
  const { credential, signing } = identity
  if (credential.length > MAX_CREDENTIAL_BYTES)
    throw new MlsError('mls/bad-argument', { details: { credential: credential.length } })
  assertCredential(ctx, credential, signing.publicKey)
  const now = nowSeconds(ctx)
  return generateKeyPackageWithKey(
    { credentialType: 'basic', identity: credential.slice() },
    capabilities(),
    {
      notBefore: BigInt(Math.max(0, now - CLOCK_SKEW_SECONDS)),
      notAfter: BigInt(now + KEY_PACKAGE_LIFETIME_SECONDS),
    },
    [],
    { publicKey: signing.publicKey.slice(), signKey: ctx.crypto.ed25519.exportSeed(signing) },
    suiteOf(ctx.crypto, ctx.suite ?? DEFAULT_SUITE),
  )
}

/**
 * `keyPackage` is an MLSMessage to publish, good for 28 days and one invitation; `secret` (97 bytes) opens
 * the Welcome made with it: seal it at rest, delete it after joining.
 * @throws MlsError `mls/bad-credential`, `mls/bad-argument`
 */
export async function createKeyPackage(
  ctx: MlsContext,
  identity: MlsIdentity,
): Promise<{ keyPackage: Uint8Array; secret: Uint8Array }> {
  const { publicPackage, privatePackage } = await generatePair(ctx, identity)
  return { keyPackage: encodeKeyPackage(publicPackage), secret: encodeSecret(privatePackage) }
}

function encodeKeyPackage(keyPackage: KeyPackage): Uint8Array {
  return encodeMessage({ version: 'mls10', wireformat: 'mls_key_package', keyPackage })
}

/** Shape alone: whether it may enter a group is judged where it does. @throws MlsError `mls/bad-key-package` */
export function decodeKeyPackage(bytes: Uint8Array): KeyPackage {
  const message = decodeMessage(bytes, MAX_KEY_PACKAGE_BYTES, 'mls/bad-key-package')
  if (message.wireformat !== 'mls_key_package') throw new MlsError('mls/bad-key-package')
  return message.keyPackage
}

function encodeSecret(keys: PrivateKeyPackage): Uint8Array {
  return concatBytes(
    Uint8Array.of(SECRET_VERSION),
    keys.initPrivateKey,
    keys.hpkePrivateKey,
    keys.signaturePrivateKey,
  )
}

/** Each part is a copy. @throws MlsError `mls/bad-snapshot` */
function decodeSecret(secret: Uint8Array): PrivateKeyPackage {
  if (secret.length !== SECRET_BYTES || secret[0] !== SECRET_VERSION)
    throw new MlsError('mls/bad-snapshot', { details: { length: secret.length } })
  const part = (index: number): Uint8Array => secret.slice(1 + index * KEY_BYTES, 1 + (index + 1) * KEY_BYTES)
  return { initPrivateKey: part(0), hpkePrivateKey: part(1), signaturePrivateKey: part(2) }
}

/**
 * A KeyPackage with the private half it was made with.
 * @throws MlsError `mls/bad-key-package` when the two do not belong together, `mls/bad-snapshot`
 */
export function decodePair(ctx: MlsContext, keyPackage: Uint8Array, secret: Uint8Array): KeyPackagePair {
  const publicPackage = decodeKeyPackage(keyPackage)
  const privatePackage = decodeSecret(secret)
  const { x25519, ed25519 } = ctx.crypto
  const { initKey, leafNode } = publicPackage
  const matches =
    equalBytes(x25519.importPrivateKey(privatePackage.initPrivateKey).publicKey, initKey) &&
    equalBytes(x25519.importPrivateKey(privatePackage.hpkePrivateKey).publicKey, leafNode.hpkePublicKey) &&
    equalBytes(ed25519.importSeed(privatePackage.signaturePrivateKey).publicKey, leafNode.signaturePublicKey)
  if (!matches) throw new MlsError('mls/bad-key-package')
  return { publicPackage, privatePackage }
}
