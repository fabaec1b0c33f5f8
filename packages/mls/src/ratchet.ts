/**
 * One sender's symmetric ratchet (RFC 9420 section 9.1).
 *
 *   key, nonce[j] = DeriveTreeSecret(ratchet_secret[j], "key" | "nonce", j)
 *   secret[j+1]   = DeriveTreeSecret(ratchet_secret[j], "secret", j, Nh)
 *
 * Of a generation that is passed over, key and nonce are kept and not its secret, from which every later key
 * of the sender could be derived again. ts-mls keeps the secret.
 */
import { zeroize } from '@hyphae/crypto'
import { MlsError } from './errors.js'
import { expandWithLabel } from './labels.js'
import { KEPT_GENERATIONS, MAX_SKIPPED_MESSAGES } from './limits.js'
import type { SyncSuite } from './sync-suite.js'

export interface MessageKey {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
}

export interface Ratchet {
  /** Of `generation`, which is the next one. */
  readonly secret: Uint8Array
  readonly generation: number
  /** By generation, ascending. */
  readonly skipped: ReadonlyMap<number, MessageKey>
}

const NONE: ReadonlyMap<number, MessageKey> = new Map()
const LAST_GENERATION = 0xffff_ffff

export function newRatchet(secret: Uint8Array): Ratchet {
  return { secret, generation: 0, skipped: NONE }
}

/**
 * `undefined` is a ratchet that has not been used.
 * @throws MlsError `mls/replayed`, `mls/too-far-ahead`
 */
export function assertGeneration(ratchet: Ratchet | undefined, generation: number): void {
  const next = ratchet?.generation ?? 0
  if (generation < next && ratchet?.skipped.has(generation) !== true)
    throw new MlsError('mls/replayed', { details: { generation, next } })
  if (generation - next > MAX_SKIPPED_MESSAGES || generation >= LAST_GENERATION)
    throw new MlsError('mls/too-far-ahead', { details: { generation, next } })
}

/** Takes a key out; the ratchet must have passed assertGeneration. The one that was given stays as it was. */
export function keyAt(
  suite: SyncSuite,
  ratchet: Ratchet,
  generation: number,
): { ratchet: Ratchet; key: MessageKey } {
  const found = ratchet.skipped.get(generation)
  if (found !== undefined) {
    const skipped = new Map(ratchet.skipped)
    skipped.delete(generation)
    // A copy: what is done with a key must not reach the state that still holds it.
    return { ratchet: { ...ratchet, skipped }, key: { key: found.key.slice(), nonce: found.nonce.slice() } }
  }
  return advance(suite, ratchet, generation)
}

function advance(
  suite: SyncSuite,
  ratchet: Ratchet,
  generation: number,
): { ratchet: Ratchet; key: MessageKey } {
  if (generation === ratchet.generation) return step(suite, ratchet)
  const skipped = new Map(ratchet.skipped)
  let current: Ratchet = { ...ratchet, skipped }
  while (current.generation < generation) {
    const { key, ratchet: next } = step(suite, current)
    skipped.set(current.generation, key)
    if (current.generation > ratchet.generation) zeroize(current.secret)
    if (skipped.size > KEPT_GENERATIONS) skipped.delete(oldest(skipped))
    current = next
  }
  const last = step(suite, current)
  zeroize(current.secret)
  return last
}

/** The key of the next generation, and the ratchet after it. */
function step(suite: SyncSuite, ratchet: Ratchet): { ratchet: Ratchet; key: MessageKey } {
  const { secret, generation, skipped } = ratchet
  const context = Uint8Array.of(generation >>> 24, generation >>> 16, generation >>> 8, generation)
  const key: MessageKey = {
    key: expandWithLabel(suite, secret, 'key', context, suite.keyLength),
    nonce: expandWithLabel(suite, secret, 'nonce', context, suite.nonceLength),
  }
  const next = expandWithLabel(suite, secret, 'secret', context, suite.hash.size)
  return { ratchet: { secret: next, generation: generation + 1, skipped }, key }
}

/** Generations are passed over in ascending order, so the first is the oldest. */
function oldest(skipped: ReadonlyMap<number, MessageKey>): number {
  return skipped.keys().next().value ?? 0
}
