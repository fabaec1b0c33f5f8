/** When a gift wrap says that it was made (NIP-59): some moment of the two days before. */
import { MAX_BACKDATING_SECONDS } from './limits.js'
import type { Nostr } from './nostr.js'

/** Evenly drawn; seconds since 1970. */
export function backdated({ crypto }: Pick<Nostr, 'crypto'>, now: number): number {
  const draw = crypto.randomBytes(4)
  const share = new DataView(draw.buffer, draw.byteOffset, 4).getUint32(0) / 2 ** 32
  return now - Math.floor(share * MAX_BACKDATING_SECONDS)
}
