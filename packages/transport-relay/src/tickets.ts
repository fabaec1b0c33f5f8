/** Tickets for what is no frame: blobs, entries of logs, uploads of stocks. spec/relay.md section 3.7. */
import type { Blob, StockUpload } from '@hyphae/core'
import type { Ask, CallOptions } from './call.js'
import type { Dialer } from './dialer.js'
import type { Reply } from './wire/message.js'
import { NO_TICKET, type Ticket } from './wire/ticket.js'

type Answer = Ticket | undefined | Promise<Ticket | undefined>

/** Each is called for every write of its kind; undefined, or left out: none is shown. */
export interface TicketsFor {
  blob?(blob: Blob): Answer
  entry?(log: Uint8Array, position: number, entry: Uint8Array): Answer
  stock?(upload: StockUpload): Answer
}

/** Asks plainly where no ticket is shown, so that a relay which knows none is asked nothing it does not know. */
export async function callWithTicket<K extends Reply['kind']>(
  dialer: Dialer,
  ticket: Answer,
  plain: Ask,
  ticketed: (ticket: Ticket) => Ask,
  expect: K | readonly K[],
  options: CallOptions,
): Promise<Extract<Reply, { kind: K }>> {
  const shown = (ticket instanceof Promise ? await ticket : ticket) ?? NO_TICKET
  return dialer.call(shown.kind === 'none' ? plain : ticketed(shown), expect, options)
}
