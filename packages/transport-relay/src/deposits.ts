/**
 * Putting frames: plainly where nothing else is asked for, with a time to live and a ticket where it is.
 *
 * A relay that knows neither gets a plain put, and gives what it always gave: 30 days, and no ticket asked for.
 */
import type { IoOptions, MailboxPut } from '@hyphae/core'
import { CoreError, isFrameSize, KEY_BYTES, MESSAGE_ID_BYTES } from '@hyphae/core'
import { checkLength } from './check.js'
import type { Dialer } from './dialer.js'
import { RelayCarrierError } from './errors.js'
import { MAX_TICKET_BYTES } from './limits.js'
import { isUnsupported } from './offer.js'
import { DEFAULT_TTL, isTtlClass, NO_TICKET, type Ticket, type TtlClass } from './wire/ticket.js'

export interface RelayPut extends MailboxPut {
  /** Days it is to wait: 1, 7, 14 or 30; default that of the carrier. */
  readonly ttl?: TtlClass
  /** What allows it; default what the carrier's `ticketFor` says. */
  readonly ticket?: Ticket
}

/** Called for each frame that brings no ticket; undefined: none. */
export type TicketFor = (put: MailboxPut) => Ticket | undefined | Promise<Ticket | undefined>

export interface DepositOptions {
  readonly ttl?: TtlClass | undefined
  readonly ticketFor?: TicketFor | undefined
}

export type Deposits = (items: readonly RelayPut[], options?: IoOptions) => Promise<void>

function check({ box, id, frame, ttl = DEFAULT_TTL, ticket = NO_TICKET }: RelayPut): void {
  checkLength(box, KEY_BYTES, 'box')
  checkLength(id, MESSAGE_ID_BYTES, 'id')
  if (!isFrameSize(frame.length))
    throw new RelayCarrierError('relay-carrier/bad-input', { details: { frameBytes: frame.length } })
  if (!isTtlClass(ttl)) throw new RelayCarrierError('relay-carrier/bad-input', { details: { ttl } })
  if (ticket.bytes.length > (ticket.kind === 'none' ? 0 : MAX_TICKET_BYTES))
    throw new RelayCarrierError('relay-carrier/bad-input', { details: { ticketBytes: ticket.bytes.length } })
}

export function createDeposits(dialer: Dialer, defaults: DepositOptions): Deposits {
  /** Connection on which the relay has said that it knows no deposit. */
  let plainOn = -1
  const plain = async ({ box, id, frame }: RelayPut, signal: AbortSignal | undefined): Promise<void> => {
    await dialer.call({ kind: 'put', box, id, frame }, 'ok', { repeatable: true, signal })
  }
  const deposit = async (item: RelayPut, signal: AbortSignal | undefined): Promise<void> => {
    const { box, id, frame, ttl = defaults.ttl ?? DEFAULT_TTL } = item
    const ticket = item.ticket ?? (await defaults.ticketFor?.(item)) ?? NO_TICKET
    check({ box, id, frame, ttl, ticket })
    const usual = ttl === DEFAULT_TTL && ticket.kind === 'none'
    if (usual || plainOn === dialer.generation) return plain(item, signal)
    try {
      await dialer.call({ kind: 'deposit', box, id, ttl, ticket, frame }, 'ok', { repeatable: true, signal })
    } catch (error) {
      if (!isUnsupported(error)) throw error
      plainOn = dialer.generation
      await plain(item, signal)
    }
  }
  return async (items, { signal } = {}) => {
    for (const item of items) check(item)
    if (signal?.aborted) throw new CoreError('core/aborted', { cause: signal.reason })
    const simple = defaults.ticketFor === undefined && (defaults.ttl ?? DEFAULT_TTL) === DEFAULT_TTL
    await Promise.all(
      items.map((item) =>
        simple && item.ttl === undefined && item.ticket === undefined
          ? plain(item, signal)
          : deposit(item, signal),
      ),
    )
  }
}
