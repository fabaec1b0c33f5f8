/** When a strict node sends and reads: slots that fall as they fall, whatever there is to say (spec/privacy.md section 4). */
import type { CryptoProvider } from '@hyphae/crypto'
import { HIGH_PACE_MS, LOW_READ_MS, LOW_SEND_MS } from './limits.js'

/**
 * `off`: what waits is sent at once. `low` and `high`: one frame a slot, real or cover, to a box drawn at random, about
 * every three minutes or every ten seconds.
 */
export type Cover = 'off' | 'low' | 'high'

export interface Pace {
  /** Mean pause between two slots for sending; undefined: at once. */
  readonly sendMs: number | undefined
  /** Mean pause between two slots for reading. */
  readonly readMs: number
}

/** Where bytes are paid for there is no cover, and reading is slow. */
export function paceOf(cover: Cover, metered: boolean): Pace {
  if (metered) return { sendMs: undefined, readMs: LOW_READ_MS }
  if (cover === 'off') return { sendMs: undefined, readMs: HIGH_PACE_MS }
  return cover === 'low'
    ? { sendMs: LOW_SEND_MS, readMs: LOW_READ_MS }
    : { sendMs: HIGH_PACE_MS, readMs: HIGH_PACE_MS }
}

/** A pause of a Poisson process, in ms: how long it has lasted says nothing of how long it will. */
export function drawPause(crypto: Pick<CryptoProvider, 'randomBytes'>, meanMs: number): number {
  return Math.round(-Math.log(1 - drawUniform(crypto)) * meanMs)
}

/** In [0, 1), 48 bits. */
export function drawUniform(crypto: Pick<CryptoProvider, 'randomBytes'>): number {
  const bytes = crypto.randomBytes(6)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return (view.getUint16(0) * 2 ** 32 + view.getUint32(2)) / 2 ** 48
}
