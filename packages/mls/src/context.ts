/**
 * What every operation is given from outside: primitives, time and the verdict on credentials; and how that
 * is told to ts-mls. Knows no group.
 */
import type { Clock } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import type { ClientConfig } from 'ts-mls'
import { MlsError } from './errors.js'
import { KEPT_GENERATIONS, MAX_LIFETIME_SECONDS, MAX_SKIPPED_MESSAGES, PAST_EPOCHS } from './limits.js'
import type { SigningKey } from './signing.js'
import type { MlsSuite } from './suite.js'
import type { SuiteMaker } from './sync-suite.js'

export interface MlsContext {
  readonly crypto: CryptoProvider
  readonly clock: Pick<Clock, 'now'>
  /**
   * Whether this credential may speak for this signature key (Ed25519, ECDSA in suites 2 and 7). Asked for every leaf that enters:
   * in KeyPackages, in update paths and in the tree of a Welcome. Must give every member the same answer,
   * or they part ways.
   */
  authenticate(credential: Uint8Array, signatureKey: Uint8Array): boolean
  /**
   * The account that a credential belongs to, 1 to 64 bytes, the same at every member; null when it belongs to
   * none. Several devices with one account are one member in roles and rules. Left out, every credential is an
   * account of its own, named by its SHA-256.
   */
  accountOf?(credential: Uint8Array): Uint8Array | null
  /** For KeyPackages and groups made from now on; 1 when left out. */
  readonly suite?: MlsSuite
  /** Suites beyond 1 and 3, from `@hyphae/mls/suites`. */
  readonly suites?: readonly SuiteMaker[]
  /** Only for groups shared with another implementation of RFC 9420; loosens what is said there, nothing else. */
  readonly interop?: MlsInterop
}

/** What a group with members of another implementation needs beyond what ours take. */
export interface MlsInterop {
  /** Commits and proposals are sent, and may come, as PublicMessages: a delivery service reads who does what. */
  readonly publicHandshakes: boolean
  /** Whether a newcomer may come in by external commit; it may replace only its own credential. */
  readonly externalJoins: boolean
  /** Extensions of the GroupContext, by number, that are taken as they are; their meaning is the caller's. */
  readonly extensions: readonly number[]
  /** Taken only when it is there, and taken from others alone: nothing here makes any of it. */
  readonly wide?: MlsWide
}

/**
 * What RFC 9420 leaves open and our groups close: group ids of any length, KeyPackages of any lifetime, members
 * that propose what concerns others, and pre-shared keys.
 */
export interface MlsWide {
  /** The pre-shared key with this name, null when it is not known. */
  psk(name: PskName): Uint8Array | null
}

/** Agreed outside, or left over from an epoch of a group (RFC 9420 sections 8.4 and 8.6). */
export type PskName =
  | { readonly kind: 'external'; readonly id: Uint8Array }
  | { readonly kind: 'resumption'; readonly groupId: Uint8Array; readonly epoch: number }

/** What a device brings into a group. `Key` is another than Ed25519 in suites 2 and 7 alone. */
export interface MlsIdentity<Key extends SigningKey = Ed25519PrivateKey> {
  /** The device's MLS key: signs KeyPackages, commits and messages. */
  readonly signing: Key
  /** Opaque to this package, at most 1,536 bytes; `authenticate` judges it. */
  readonly credential: Uint8Array
}

/** @throws MlsError `mls/bad-credential` */
export function assertCredential(ctx: MlsContext, credential: Uint8Array, signatureKey: Uint8Array): void {
  if (!ctx.authenticate(credential.slice(), signatureKey.slice())) throw new MlsError('mls/bad-credential')
}

const never = (): boolean => false

/**
 * ts-mls's settings. Padding is off because frames have fixed sizes already. Lifetimes are judged by our own
 * code on the injected clock, so ts-mls, which reads the system clock, is told not to; and so is uniqueness
 * (tree.ts), which ts-mls compares pair by pair and for signature keys alone.
 */
export function clientConfig(ctx: MlsContext): ClientConfig {
  return {
    keyRetentionConfig: {
      retainKeysForGenerations: KEPT_GENERATIONS,
      retainKeysForEpochs: PAST_EPOCHS,
      maximumForwardRatchetSteps: MAX_SKIPPED_MESSAGES,
    },
    lifetimeConfig: { maximumTotalLifetime: BigInt(MAX_LIFETIME_SECONDS), validateLifetimeOnReceive: false },
    keyPackageEqualityConfig: { compareKeyPackages: never, compareKeyPackageToLeafNode: never },
    paddingConfig: { kind: 'padUntilLength', padUntilLength: 0 },
    authService: {
      validateCredential: async (credential, signatureKey) => {
        if (credential.credentialType !== 'basic') throw new MlsError('mls/bad-credential')
        assertCredential(ctx, credential.identity, signatureKey)
        return true
      },
    },
  }
}
