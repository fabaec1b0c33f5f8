/**
 * Cover traffic: in every slot a box is drawn, and gets the frame that waits for it or else random bytes
 * (spec/privacy.md section 4). The box is drawn without looking at what waits, so that when and how often each box is
 * written to says nothing of when somebody has something to say.
 *
 * Drawn from are the boxes of those who were written to lately, also in groups, decoys, and whatever else frames wait for. A decoy
 * behaves like a contact: it has a home for good and a new box each day, at an hour of its own. Nobody reads it, which
 * a relay whose boxes are read by their buckets cannot see.
 */
import { type BoxId, boxId, concatBytes, equalBytes, type MailboxPut, toHex, utf8 } from '@hyphae/core'
import { coverFrame } from '@hyphae/tlv'
import { boxOfSeed, boxSeedAt } from './boxes.js'
import { mailboxOf, type NodeContext, transact, type Work } from './context.js'
import { createGroupCover, type GroupCover } from './group-cover.js'
import { BOX_EPOCH_MS, DECOYS, HOME_BITS, MAX_BOX_EPOCH, OUTBOX_BATCH } from './limits.js'
import { codeOf, itemOf, PUT_ID_BYTES, settleStored } from './outbox.js'
import { drawPause, drawUniform } from './pace.js'
import { sealOtherReceipts, sealReceipts } from './receipts.js'
import { type OutboxRow, outboxTable } from './rows.js'
import type { TableEntry } from './table.js'
import { boxesWrittenTo, type WrittenTo } from './turns.js'

const LABEL: Uint8Array = utf8('hyphae decoy')
const NO_SALT = new Uint8Array()
/** Like every frame of a conversation that is not thin. */
const COVER_BYTES = 2048

/** Sends at the pace of slots until the node closes. Never rejects: what was not stored waits for another slot. */
export async function runPacedOutbox(context: NodeContext, meanMs: number): Promise<void> {
  const decoys = createDecoys(context)
  const groups = createGroupCover(context)
  while (!context.closing.aborted) {
    try {
      await context.clock.sleep(drawPause(context.crypto, meanMs), context.closing, true)
      await sendInSlot(context, decoys, groups)
    } catch (error) {
      if (context.closing.aborted) return
      context.logger.warn('cover: nothing was stored in a slot', { code: codeOf(error) })
    }
  }
}

async function sendInSlot(context: NodeContext, decoys: Decoys, groups: GroupCover): Promise<void> {
  // In a transaction, so that what sealed these frames is witnessed before they leave.
  const { drawn, real } = await transact(context, async (tx) => {
    const contacts = await boxesWrittenTo(context, tx)
    await sealOtherReceipts(
      context,
      tx,
      contacts.map(({ device }) => device),
    )
    const box = draw(context, [
      ...decoys.boxes(),
      ...contacts.map((one) => one.box),
      ...(await groups.boxes(tx)),
      ...(await outboxTable.list(tx, [], { limit: OUTBOX_BATCH })).map(({ row }) => boxId(row.box)),
    ])
    return { drawn: box, real: await frameFor(context, tx, contacts, box) }
  })
  const item = real === undefined ? coverFor(context, drawn) : itemOf(real)
  await mailboxOf(context).put([item], { signal: context.closing })
  if (real !== undefined) await settleStored(context, [real])
}

/** One of the boxes, each with the same probability, however often it is named. */
function draw({ crypto }: NodeContext, named: readonly BoxId[]): BoxId {
  const boxes = [...new Map(named.map((box) => [toHex(box), box])).values()]
  return boxes[Math.floor(drawUniform(crypto) * boxes.length)] as BoxId
}

/** What a box gets: the oldest frame that waits, or else what is confirmed to whoever reads it, all in one frame. */
async function frameFor(
  context: NodeContext,
  tx: Work,
  contacts: readonly WrittenTo[],
  box: BoxId,
): Promise<TableEntry<OutboxRow> | undefined> {
  let oldest = await oldestFor(tx, box)
  const contact = contacts.find((one) => equalBytes(one.box, box))
  if (oldest === undefined && contact !== undefined) {
    await sealReceipts(context, tx, contact.device)
    oldest = await oldestFor(tx, box)
  }
  return oldest === 'held' ? undefined : oldest
}

/**
 * The oldest frame that waits for a box, or `held` while an older one of its session waits for another: who reads a
 * bucket knows a box by what was in the one before, and keeps only so much of what came earlier.
 */
async function oldestFor(tx: Work, box: BoxId): Promise<TableEntry<OutboxRow> | 'held' | undefined> {
  const sessions = new Set<string>()
  for (let from = 0; ; ) {
    const rows = await outboxTable.list(tx, [], { from, limit: OUTBOX_BATCH })
    for (const entry of rows) {
      const { session } = entry.row
      if (equalBytes(entry.row.box, box)) return sessions.has(session) ? 'held' : entry
      if (session !== '') sessions.add(session)
    }
    if (rows.length < OUTBOX_BATCH) return undefined
    from = (rows.at(-1)?.parts[0] as number) + 1
  }
}

function coverFor({ crypto }: NodeContext, box: BoxId): MailboxPut {
  return { box, id: crypto.randomBytes(PUT_ID_BYTES), frame: coverFrame(crypto, COVER_BYTES) }
}

export interface Decoys {
  /** As they are now. */
  boxes(): BoxId[]
}

interface Decoy {
  readonly base: Uint8Array
  readonly home: number
  /** Milliseconds by which its days begin earlier than others'. */
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
  return {
    boxes: () => {
      for (const decoy of decoys) {
        const day = Math.floor(Math.abs(clock.now() + decoy.phaseMs) / BOX_EPOCH_MS)
        const epoch = day % (MAX_BOX_EPOCH + 1)
        if (epoch === decoy.epoch) continue
        decoy.epoch = epoch
        // A box with a key, like any other: a relay can tell bytes that are none.
        decoy.box = boxOfSeed(crypto, boxSeedAt(crypto, decoy.base, decoy.home, epoch))
      }
      return decoys.map(({ box }) => box)
    },
  }
}
