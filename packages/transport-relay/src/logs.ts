/** Logs that grow by compare-and-swap: who is first takes the place. spec/relay.md section 3.4. */
import { type BoxKey, type IoOptions, KEY_BYTES } from '@hyphae/core'
import { checkLength, checkNumber } from './check.js'
import type { Dialer } from './dialer.js'
import { RelayCarrierError } from './errors.js'
import { DEFAULT_FETCH_LIMIT, MAX_LOG_ENTRY_BYTES } from './limits.js'
import { callWithTicket, type TicketsFor } from './tickets.js'
import { DEFAULT_TTL, type TtlClass } from './wire/ticket.js'

/** The key of a log: its public half is the log's id, and who has it may append and read. */
export type LogKey = Pick<BoxKey, 'sign'> & { readonly id: Uint8Array }

export type Appended =
  | { readonly appended: true }
  | {
      readonly appended: false
      /** The next free place. */
      readonly next: number
      /** What holds the place; undefined when nothing does, or not any more. */
      readonly entry: Uint8Array | undefined
    }

export interface LogPart {
  /** Place of the first entry here: later than asked for when older ones are gone. */
  readonly from: number
  /** The next free place of the log. */
  readonly next: number
  readonly entries: readonly Uint8Array[]
}

export interface Logs {
  /**
   * Takes the place `position` (from 0) for 1..65,536 bytes. The same entry at the same place again has been
   * appended. The log ends `ttl` days (default 30) after its last entry.
   */
  append(
    log: LogKey,
    position: number,
    entry: Uint8Array,
    options?: IoOptions & { readonly ttl?: TtlClass },
  ): Promise<Appended>
  /** Entries from `from` (default 0) on, at most `limit` (default 100). */
  read(
    log: LogKey,
    options?: IoOptions & { readonly from?: number; readonly limit?: number },
  ): Promise<LogPart>
}

/** The proof for a log is that of a box. */
function boxOf(log: LogKey): BoxKey {
  checkLength(log.id, KEY_BYTES, 'log')
  return log as BoxKey
}

export function createLogs(dialer: Dialer, { entry: ticketFor }: TicketsFor = {}): Logs {
  return {
    append: async (log, position, entry, { ttl = DEFAULT_TTL, signal } = {}) => {
      const box = boxOf(log)
      checkNumber(position, 0, Number.MAX_SAFE_INTEGER, 'position')
      checkNumber(entry.length, 1, MAX_LOG_ENTRY_BYTES, 'entryBytes')
      const fields = { log: log.id, position, ttl, entry }
      const reply = await callWithTicket(
        dialer,
        ticketFor?.(log.id, position, entry),
        { kind: 'log-append', ...fields },
        (ticket) => ({ kind: 'log-deposit', ticket, ...fields }),
        ['ok', 'log-conflict'],
        { box, repeatable: true, signal },
      )
      if (reply.kind === 'ok') return { appended: true }
      const there = reply.entry.length === 0 ? undefined : reply.entry.slice()
      return { appended: false, next: reply.next, entry: there }
    },
    read: async (log, { from = 0, limit = DEFAULT_FETCH_LIMIT, signal } = {}) => {
      const box = boxOf(log)
      checkNumber(from, 0, Number.MAX_SAFE_INTEGER, 'from')
      checkNumber(limit, 1, 0xffff, 'limit')
      const ask = { kind: 'log-read', log: log.id, from, limit } as const
      const part = await dialer.call(ask, 'log-entries', { box, repeatable: true, signal })
      if (part.entries.length > limit || part.from + part.entries.length > part.next)
        throw new RelayCarrierError('relay-carrier/malformed')
      return { from: part.from, next: part.next, entries: part.entries.map((entry) => entry.slice()) }
    },
  }
}
