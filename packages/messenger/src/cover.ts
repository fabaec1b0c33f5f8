/**
 * Cover traffic: one frame a slot, a real one if one waits, else random bytes for a decoy (spec/privacy.md section 4).
 *
 * A decoy behaves like a contact: it has a home for good and a new box each day at an hour of its own, and is written
 * to in runs. Nobody reads it, which a relay whose boxes are read by their buckets cannot see.
 */
import { type BoxId, type BoxKey, boxId, concatBytes, utf8 } from '@hyphae/core'
import { coverFrame } from '@hyphae/tlv'
import { boxKeyOf, boxSeedAt } from './boxes.js'
import { mailboxOf, type NodeContext } from './context.js'
import { BOX_EPOCH_MS, COVER_RUN, DECOYS, HOME_BITS, MAX_BOX_EPOCH } from './limits.js'
import { codeOf, PUT_ID_BYTES, sendWaiting } from './outbox.js'
import { drawPause, drawUniform } from './pace.js'

const LABEL: Uint8Array = utf8('hyphae decoy')
const NO_SALT = new Uint8Array()
/** Like every frame of a conversation that is not thin. */
const COVER_BYTES = 2048

/** Sends at the pace of slots until the node closes. Never rejects: what was not stored waits for another slot. */
export async function runPacedOutbox(context: NodeContext, meanMs: number): Promise<void> {
  const decoys = createDecoys(context)
  while (!context.closing.aborted) {
    try {
      await context.clock.sleep(drawPause(context.crypto, meanMs), context.closing, true)
      if (!(await sendWaiting(context, 1))) await sendCover(context, decoys.next())
    } catch (error) {
      if (context.closing.aborted) return
      context.logger.warn('cover: nothing was stored in a slot', { code: codeOf(error) })
    }
  }
}

async function sendCover(context: NodeContext, box: BoxId): Promise<void> {
  const { crypto, closing } = context
  const item = { box, id: crypto.randomBytes(PUT_ID_BYTES), frame: coverFrame(crypto, COVER_BYTES) }
  await mailboxOf(context).put([item], { signal: closing })
}

export interface Decoys {
  /** The box of the next cover frame. */
  next(): BoxId
}

interface Decoy {
  readonly base: Uint8Array
  readonly home: number
  /** Milliseconds by which its days begin later than others'. */
  readonly phaseMs: number
  epoch: number
  box: BoxId
}

/** The same for a device at every start: else what is no contact would show at the first. */
export function createDecoys({ crypto, clock, self }: NodeContext): Decoys {
  const secret = crypto.ed25519.exportSeed(self.device.directory)
  const decoys = Array.from({ length: DECOYS }, (_, index): Decoy => {
    const base = crypto.hkdfSha256(secret, NO_SALT, concatBytes(LABEL, Uint8Array.of(index)), 32)
    const view = new DataView(base.buffer, base.byteOffset, base.byteLength)
    const home = view.getUint8(0) >>> (8 - HOME_BITS)
    return { base, home, phaseMs: view.getUint32(4) % BOX_EPOCH_MS, epoch: -1, box: boxId(base) }
  })
  let last: Decoy | undefined
  return {
    next: () => {
      const stays = last !== undefined && drawUniform(crypto) < COVER_RUN
      const index = Math.floor(drawUniform(crypto) * DECOYS)
      const decoy = stays ? (last as Decoy) : (decoys[index] as Decoy)
      last = decoy
      const day = Math.floor(Math.abs(clock.now() + decoy.phaseMs) / BOX_EPOCH_MS)
      const epoch = day % (MAX_BOX_EPOCH + 1)
      if (epoch !== decoy.epoch) {
        decoy.epoch = epoch
        decoy.box = decoyKey(crypto, decoy).id
      }
      return decoy.box
    },
  }
}

/** A box with a key, like any other: a relay can tell bytes that are no key. */
function decoyKey(crypto: NodeContext['crypto'], { base, home, epoch }: Decoy): BoxKey {
  return boxKeyOf(crypto, boxSeedAt(crypto, base, home, epoch))
}
