/**
 * The KeyPackages that a device has on offer (RFC 9420 section 16.8): a stock of one-time ones, and one last
 * resort for when they run out. A pool is a value: every step returns the next one, to be stored before what
 * comes with it is acted on. Knows no directory and no group.
 */
import { toHex } from '@hyphae/core'
import { makeKeyPackageRef } from 'ts-mls/keyPackage.js'
import { decodeMessage } from './codec.js'
import type { MlsContext, MlsIdentity } from './context.js'
import { MlsError } from './errors.js'
import { type Invitation, joinGroup } from './join.js'
import { encodeKeyPackage, encodeSecret, generatePair, nowSeconds } from './key-package.js'
import {
  KEY_PACKAGE_POOL_SIZE,
  KEY_PACKAGE_RENEWAL_SECONDS,
  LATE_COMMIT_SECONDS,
  MAX_KEY_PACKAGE_POOL,
  MAX_WELCOME_BYTES,
} from './limits.js'
import { suiteOf } from './provider.js'
import type { SigningKey } from './signing.js'
import type { GroupState } from './state.js'
import { DEFAULT_SUITE } from './suite.js'

export interface PoolEntry {
  /** Its reference (RFC 9420 section 5.2), hexadecimal. */
  readonly id: string
  readonly keyPackage: Uint8Array
  readonly secret: Uint8Array
  /** Seconds since 1970. */
  readonly notAfter: number
  readonly lastResort: boolean
  /** A last resort that has been used: no longer secret for one group alone, so a new one is made. */
  readonly used: boolean
}

/** A KeyPackage that was used, kept so long that a second Welcome with it is told from a stranger's. */
export interface SpentEntry {
  readonly id: string
  /** Seconds since 1970. */
  readonly until: number
}

export interface KeyPackagePool {
  readonly entries: readonly PoolEntry[]
  readonly spent: readonly SpentEntry[]
}

export const EMPTY_POOL: KeyPackagePool = Object.freeze({ entries: [], spent: [] })

export interface Refill {
  readonly pool: KeyPackagePool
  /** All that should be on offer from now on; the directory drops what is not among them. */
  readonly offers: readonly { readonly keyPackage: Uint8Array; readonly lastResort: boolean }[]
  /** How many of them are new; nothing needs to be published when there are none. */
  readonly made: number
}

async function makeEntry(
  ctx: MlsContext,
  identity: MlsIdentity<SigningKey>,
  lastResort: boolean,
): Promise<PoolEntry> {
  const { publicPackage, privatePackage } = await generatePair(ctx, identity, lastResort)
  const { hash } = suiteOf(ctx.crypto, ctx.suite ?? DEFAULT_SUITE, ctx.suites)
  const { leafNode } = publicPackage
  if (leafNode.leafNodeSource !== 'key_package') throw new MlsError('mls/bad-key-package')
  return {
    id: toHex(await makeKeyPackageRef(publicPackage, hash)),
    keyPackage: encodeKeyPackage(publicPackage),
    secret: encodeSecret(privatePackage),
    notAfter: Number(leafNode.lifetime.notAfter),
    lastResort,
    used: false,
  }
}

/**
 * Fills the pool up to `size` one-time KeyPackages and an unused last resort, all with a week to live at least.
 * What has ended is dropped once no commit can still arrive that was made with it.
 * @throws MlsError `mls/bad-argument` beyond 256, `mls/bad-credential`
 */
export async function refillPool(
  ctx: MlsContext,
  identity: MlsIdentity<SigningKey>,
  pool: KeyPackagePool,
  size: number = KEY_PACKAGE_POOL_SIZE,
): Promise<Refill> {
  if (!Number.isInteger(size) || size < 1 || size > MAX_KEY_PACKAGE_POOL)
    throw new MlsError('mls/bad-argument', { details: { size, limit: MAX_KEY_PACKAGE_POOL } })
  const now = nowSeconds(ctx)
  const alive = pool.entries.filter(({ notAfter }) => notAfter + LATE_COMMIT_SECONDS >= now)
  const onOffer = alive.filter(({ notAfter, used }) => !used && notAfter - KEY_PACKAGE_RENEWAL_SECONDS >= now)
  const oneTime = onOffer.filter(({ lastResort }) => !lastResort)
  const made: PoolEntry[] = []
  for (let count = oneTime.length; count < size; count++) made.push(await makeEntry(ctx, identity, false))
  if (!onOffer.some(({ lastResort }) => lastResort)) made.push(await makeEntry(ctx, identity, true))
  const offers = [...onOffer, ...made].map(({ keyPackage, lastResort }) => ({ keyPackage, lastResort }))
  const spent = pool.spent.filter(({ until }) => until >= now)
  return { pool: { entries: [...alive, ...made], spent }, offers, made: made.length }
}

/** The entry that a Welcome is for. @throws MlsError `mls/key-package-used`, `mls/unknown-key-package` */
export function entryFor(pool: KeyPackagePool, welcome: Uint8Array): PoolEntry {
  const message = decodeMessage(welcome, MAX_WELCOME_BYTES, 'mls/bad-welcome')
  if (message.wireformat !== 'mls_welcome') throw new MlsError('mls/unexpected-message')
  const named = new Set(message.welcome.secrets.map(({ newMember }) => toHex(newMember)))
  const found = pool.entries.find(({ id }) => named.has(id))
  if (found !== undefined) return found
  const known = pool.spent.some(({ id }) => named.has(id))
  throw new MlsError(known ? 'mls/key-package-used' : 'mls/unknown-key-package')
}

/** The pool after a group was joined with this entry: a one-time one is gone for good, a last resort marked. */
export function spendEntry(pool: KeyPackagePool, id: string): KeyPackagePool {
  const found = pool.entries.find((entry) => entry.id === id)
  if (found === undefined) throw new MlsError('mls/unknown-key-package')
  const others = pool.entries.filter((entry) => entry !== found)
  if (found.lastResort) return { ...pool, entries: [...others, { ...found, used: true }] }
  const until = found.notAfter + LATE_COMMIT_SECONDS
  return { entries: others, spent: [...pool.spent, { id, until }] }
}

export interface PooledJoin {
  readonly state: GroupState
  /** Store it together with the state: then the KeyPackage is used once, also after a crash. */
  readonly pool: KeyPackagePool
  /**
   * It was the last resort, which others may have taken too: whoever holds its secret opens all their Welcomes.
   * Refresh this member's keys at once, and refill the pool.
   */
  readonly lastResort: boolean
}

/**
 * Joins with the KeyPackage that the Welcome was made with, and spends it. On any error pool and group are as
 * they were.
 * @throws MlsError `mls/key-package-used`, `mls/unknown-key-package`, and those of joinGroup
 */
export async function joinFromPool(
  ctx: MlsContext,
  pool: KeyPackagePool,
  invitation: Omit<Invitation, 'keyPackage' | 'secret'>,
): Promise<PooledJoin> {
  const { id, keyPackage, secret, lastResort } = entryFor(pool, invitation.welcome)
  const state = await joinGroup(ctx, { ...invitation, keyPackage, secret })
  return { state, pool: spendEntry(pool, id), lastResort }
}
