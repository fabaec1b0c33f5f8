/**
 * Counted uses in the NATS engine. spec/relay.md section 3.2, spec/relay-engines.md section 2.3.
 *
 * A use is written before its frame and names the put it is for, so that a put that was interrupted between the
 * two finds its own use again instead of taking another.
 */
import type { CryptoProvider } from '@hyphae/crypto'
import type { Spend } from '../engine.js'
import type { Documents } from './documents.js'
import { MAX_NAMED_USES } from './limits.js'
import type { Subjects } from './names.js'

const DAY_MS = 86_400_000
const COUNT_BYTES = 8
/** Nobody finds two puts with one name: the second would cost nothing. */
const USE_BYTES = 16

/** Days before today whose uses are removed again at each sweep: a relay that was away removes those it missed. */
const PAST_DAYS = 8

function dayOf(time: number): number {
  return Math.floor(time / DAY_MS)
}

/** From the end: what an older relay wrote in front had shorter names. */
function named(value: Buffer, use: Uint8Array): boolean {
  for (let at = value.length - USE_BYTES; at >= COUNT_BYTES; at -= USE_BYTES)
    if (value.subarray(at, at + USE_BYTES).equals(use)) return true
  return false
}

/** used u64 | first bytes of the hash of (box, id) × the newest uses */
function counted(value: Buffer, used: number, use: Uint8Array): Uint8Array {
  const newest = value.subarray(COUNT_BYTES).subarray(-(MAX_NAMED_USES - 1) * USE_BYTES)
  const count = Buffer.allocUnsafe(COUNT_BYTES)
  count.writeBigUInt64LE(BigInt(used + 1), 0)
  return Buffer.concat([count, newest, use])
}

/** Counts one use for this put; false when there is none left. */
export function useUp(
  documents: Documents,
  names: Subjects,
  crypto: Pick<CryptoProvider, 'sha256'>,
  { name, most, until }: Spend,
  box: Uint8Array,
  id: Uint8Array,
): Promise<boolean> {
  const use = crypto.sha256(Buffer.concat([box, id])).subarray(0, USE_BYTES)
  return documents.change(names.spentUntil(dayOf(until), name), (held) => {
    const value = Buffer.from(held ?? new Uint8Array(COUNT_BYTES))
    const used = Number(value.readBigUInt64LE(0))
    if (named(value, use)) return { next: undefined, result: true }
    if (used >= most) return { next: undefined, result: false }
    return { next: counted(value, used, use), result: true }
  })
}

/** Subjects of things that cannot be used any more. */
export function spentBefore(names: Subjects, now: number): string[] {
  const today = dayOf(now)
  return Array.from({ length: PAST_DAYS }, (_, i) => names.spentUntil(today - 1 - i, '*'))
}
