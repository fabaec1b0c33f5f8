/** What was said about one box while relays died: what must be there, and what must never come again. */
import { type BoxKey, toHex } from '@hyphae/core'

export interface Ledger {
  readonly box: BoxKey
  /** Put and not answered, by id: repeated with the next relay. */
  readonly open: Map<string, Uint8Array>
  /** Acknowledged by a relay. */
  readonly stored: Set<string>
  /** Cursor of each frame that was delivered. */
  readonly delivered: Map<string, number>
  /** Up to here acknowledged by the recipient, whether or not a relay has confirmed it. */
  asked: number
  /** Up to here confirmed by a relay. */
  confirmed: number
  /** Frames that came although their acknowledgement was confirmed. */
  returned: number
  /** Cursors that did not rise within one watch. */
  disordered: number
}

export function createLedger(box: BoxKey): Ledger {
  return {
    box,
    open: new Map(),
    stored: new Set(),
    delivered: new Map(),
    asked: 0,
    confirmed: 0,
    returned: 0,
    disordered: 0,
  }
}

/** Frames begin with their id. */
export function idOf(frame: Uint8Array): string {
  return toHex(frame.subarray(0, 16))
}

/** A frame that was pushed or fetched. */
export function noteDelivered(ledger: Ledger, cursor: number, frame: Uint8Array): void {
  const id = idOf(frame)
  const before = ledger.delivered.get(id)
  // Under its old cursor or as another frame: what was confirmed is over.
  if (cursor <= ledger.confirmed || (before !== undefined && before <= ledger.confirmed)) ledger.returned += 1
  else ledger.delivered.set(id, cursor)
}

/** Stored frames that are neither here nor acknowledged by the recipient. */
export function lostOf(ledger: Ledger, here: ReadonlySet<string>): string[] {
  const { stored, delivered, asked } = ledger
  return [...stored].filter((id) => !here.has(id) && (delivered.get(id) ?? Number.POSITIVE_INFINITY) > asked)
}
