/**
 * Who may put into a box: the relay's own rule, the terms its owner has set, and the ticket that is shown.
 *
 * spec/relay.md sections 3.1 and 3.2. One checker for each kind of ticket; those of payment are plugged in. Checks
 * run before anything is kept, and cost the same whatever the ticket holds.
 */
import {
  type BoxTerms,
  type Ticket,
  type TicketKind,
  type TtlClass,
  ticketKinds,
  ticketSet,
} from '@hyphae/transport-relay/wire'
import { type PutOptions, type Refusal, type RelayEngine, refuse } from '../engine/engine.js'

export interface AdmissionRequest {
  readonly box: Uint8Array
  readonly id: Uint8Array
  readonly frame: Uint8Array
  readonly ttl: TtlClass
  readonly ticket: Ticket
}

/** What the put is stored with. */
export type Admitted = Pick<PutOptions, 'quota' | 'spend'>

export type Admittance = Admitted | Refusal

/** Judges a ticket of one kind that relay and box accept. `terms` are undefined where the owner has set none. */
export type TicketCheck = (
  request: AdmissionRequest,
  terms: BoxTerms | undefined,
) => Admittance | Promise<Admittance>

export type TicketChecks = { readonly [K in Exclude<TicketKind, 'none'>]?: TicketCheck }

export interface Admission {
  /** Kinds of tickets that are accepted; with `none`, boxes without terms take frames from anybody. */
  readonly accepts: readonly TicketKind[]
  admit(request: AdmissionRequest): Admittance | Promise<Admittance>
}

export interface AdmissionOptions {
  readonly engine: Pick<RelayEngine, 'terms'>
  readonly checks: TicketChecks
  /** The relay's own rule; default `none` and all kinds that have a check. */
  readonly accepts?: readonly TicketKind[] | undefined
}

export function isRefusal(admittance: Admittance): admittance is Refusal {
  return 'refused' in admittance
}

const FREE: Admitted = {}

const BITS: Readonly<Record<TicketKind, number>> = {
  none: ticketSet(['none']),
  capability: ticketSet(['capability']),
  token: ticketSet(['token']),
  work: ticketSet(['work']),
  payment: ticketSet(['payment']),
}

/** The owner's quota holds beside whatever the ticket says. */
function withQuota(admittance: Admittance, quota: number): Admittance {
  if (quota === 0 || isRefusal(admittance)) return admittance
  return { ...admittance, quota: Math.min(quota, admittance.quota ?? quota) }
}

export function createAdmission({ engine, checks, accepts }: AdmissionOptions): Admission {
  const checked: Readonly<Partial<Record<TicketKind, TicketCheck>>> = { none: () => FREE, ...checks }
  const known = Object.keys(checked) as TicketKind[]
  const accepted = ticketSet((accepts ?? known).filter((kind) => known.includes(kind)))
  const judge = (
    request: AdmissionRequest,
    terms: BoxTerms | undefined,
  ): Admittance | Promise<Admittance> => {
    const { kind } = request.ticket
    const taken = terms === undefined ? accepted : accepted & terms.accepts
    const check = checked[kind]
    if (check === undefined || (taken & BITS[kind]) === 0) return refuse('ticket-needed')
    const admittance = check(request, terms)
    if (terms === undefined) return admittance
    if (admittance instanceof Promise) return admittance.then((later) => withQuota(later, terms.quota))
    return withQuota(admittance, terms.quota)
  }
  return {
    accepts: ticketKinds(accepted),
    admit: (request) => {
      const terms = engine.terms(request.box)
      return terms instanceof Promise ? terms.then((later) => judge(request, later)) : judge(request, terms)
    },
  }
}
