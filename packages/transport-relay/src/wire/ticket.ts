/**
 * What a sender shows for the right to put into a box, and how long a frame is to wait. spec/relay.md sections
 * 3.1 and 3.2.
 *
 * Knows the shape of a ticket alone: what one means is checked where it is spent.
 */
import { MAX_TICKET_BYTES } from '../limits.js'
import {
  malformed,
  readShort,
  readU8,
  type WireReader,
  type WireWriter,
  writeShort,
  writeU8,
} from './bytes.js'

/** In the order of their codes. */
export const TICKET_KINDS = ['none', 'capability', 'token', 'work', 'payment'] as const

export type TicketKind = (typeof TICKET_KINDS)[number]

export interface Ticket {
  readonly kind: TicketKind
  /** Empty for `none`; at most MAX_TICKET_BYTES. */
  readonly bytes: Uint8Array
}

export const NO_TICKET: Ticket = { kind: 'none', bytes: new Uint8Array(0) }

/** The set of kinds as bits: bit n for the kind with code n. */
export function ticketSet(kinds: readonly TicketKind[]): number {
  return kinds.reduce((set, kind) => set | (1 << TICKET_KINDS.indexOf(kind)), 0)
}

export function ticketKinds(set: number): TicketKind[] {
  return TICKET_KINDS.filter((_, code) => (set & (1 << code)) !== 0)
}

/** All kinds there are, as bits. */
export const ALL_TICKETS: number = ticketSet(TICKET_KINDS)

/** How long a frame waits at least, in days. */
export const TTL_CLASSES = [1, 7, 14, 30] as const

export type TtlClass = (typeof TTL_CLASSES)[number]

/** What a plain `put` gets. */
export const DEFAULT_TTL: TtlClass = 30

export function isTtlClass(days: number): days is TtlClass {
  return days === 1 || days === 7 || days === 14 || days === 30
}

export function readTtl(reader: WireReader): TtlClass {
  const days = readU8(reader)
  if (!isTtlClass(days)) throw malformed('bad-ttl', { days })
  return days
}

export function ticketBytes({ bytes }: Ticket): number {
  return 3 + bytes.length
}

export function writeTicket(writer: WireWriter, { kind, bytes }: Ticket): void {
  writeU8(writer, TICKET_KINDS.indexOf(kind))
  writeShort(writer, bytes)
}

export function readTicket(reader: WireReader): Ticket {
  const code = readU8(reader)
  const kind = TICKET_KINDS[code]
  if (kind === undefined) throw malformed('bad-ticket-kind', { code })
  const bytes = readShort(reader, kind === 'none' ? 0 : MAX_TICKET_BYTES)
  return { kind, bytes }
}
