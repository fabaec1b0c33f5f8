/**
 * Who may write blobs, entries of logs and stocks: the operator's rule, and the ticket that is shown. spec/relay.md 3.7.
 *
 * The same checks as for frames. A counted ticket is counted before anything is stored, for this write alone, so that a
 * repeated one costs nothing.
 */
import { concatBytes, utf8 } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import {
  ALL_TICKETS,
  type BoxTerms,
  type Ticket,
  type TicketKind,
  type TtlClass,
  ticketKinds,
  ticketSet,
  type WorkSubject,
} from '@hyphae/transport-relay/wire'
import { type RelayEngine, refuse, type Verdict } from '../engine/engine.js'
import { type Admittance, isRefusal, type TicketCheck, type TicketChecks } from './admission.js'

export const WRITINGS = ['blobs', 'logs', 'stocks'] as const
export type Writing = (typeof WRITINGS)[number]

export interface WritingOptions {
  /** Kinds of tickets for each; default all and none at all: whoever may write frames may write these. */
  readonly writes?: { readonly [W in Writing]?: readonly TicketKind[] }
  /** Ed25519 public key, 32 bytes, that signs capabilities for all of them; without it there are none. */
  readonly writeKey?: Uint8Array
}

export interface WriteRequest {
  readonly subject: WorkSubject
  readonly ttl: TtlClass
  readonly ticket: Ticket
}

export interface WriteAdmission {
  accepts(writing: Writing): readonly TicketKind[]
  /** Null: it may be written. Costs nothing where nothing is asked for. */
  admit(writing: Writing, request: WriteRequest): Verdict | Promise<Verdict>
  /** The same for what is written without a ticket. */
  admitPlain(writing: Writing): Verdict
}

export interface WriteAdmissionOptions extends WritingOptions {
  readonly engine: Pick<RelayEngine, 'rows'>
  readonly checks: TicketChecks
  readonly crypto: Pick<CryptoProvider, 'sha256'>
}

const LABEL = utf8('hyphae relay write v1')
const PURPOSE_BYTES = 16
function operatorTerms({ writeKey }: WritingOptions): BoxTerms | undefined {
  if (writeKey === undefined) return undefined
  return { accepts: ALL_TICKETS, workBits: 0, quota: 0, capabilityKey: writeKey }
}

export function createWriteAdmission(options: WriteAdmissionOptions): WriteAdmission {
  const { engine, checks, crypto, writes = {} } = options
  const terms = operatorTerms(options)
  const open: Readonly<Partial<Record<TicketKind, TicketCheck>>> = { none: () => ({}), ...checks }
  const known = Object.keys(open) as TicketKind[]
  const sets = Object.fromEntries(
    WRITINGS.map((writing) => [
      writing,
      ticketSet((writes[writing] ?? known).filter((kind) => known.includes(kind))),
    ]),
  ) as Record<Writing, number>
  const takes = (writing: Writing, kind: TicketKind): boolean => (sets[writing] & ticketSet([kind])) !== 0
  const count = async (admittance: Admittance, { box, id }: WorkSubject): Promise<Verdict> => {
    if (isRefusal(admittance)) return admittance
    if (admittance.spend === undefined) return null
    if (engine.rows === undefined) return refuse('bad-ticket')
    const purpose = crypto.sha256(concatBytes(LABEL, box, id)).slice(0, PURPOSE_BYTES)
    return (await engine.rows.use(admittance.spend, purpose)) ? null : refuse('ticket-spent')
  }
  return {
    accepts: (writing) => ticketKinds(sets[writing]),
    admitPlain: (writing) => (takes(writing, 'none') ? null : refuse('ticket-needed')),
    admit: (writing, { subject, ttl, ticket }) => {
      const check = open[ticket.kind]
      if (check === undefined || !takes(writing, ticket.kind)) return refuse('ticket-needed')
      if (ticket.kind === 'none') return null
      const admittance = check({ ...subject, ttl, ticket }, terms)
      if (admittance instanceof Promise) return admittance.then((later) => count(later, subject))
      return count(admittance, subject)
    },
  }
}
