/** Putting into a box, with or without a ticket, and the terms of a box. spec/relay.md sections 3.1 and 3.2. */
import {
  ALL_TICKETS,
  type BoxTerms,
  type Reply,
  type TtlClass,
  ticketSet,
} from '@hyphae/transport-relay/wire'
import type { PutOptions } from '../engine/engine.js'
import { type AdmissionRequest, type Admittance, type Admitted, isRefusal } from './admission.js'
import type { Handlers } from './handler.js'
import { failure, refused, type Session, verdict } from './session.js'

/** One object for each class, so that a put without more to say makes none. */
const PLAIN: { readonly [T in TtlClass]: PutOptions } = {
  1: { ttl: 1 },
  7: { ttl: 7 },
  14: { ttl: 14 },
  30: { ttl: 30 },
}

function optionsOf(ttl: TtlClass, { quota, spend }: Admitted): PutOptions {
  if (quota === undefined && spend === undefined) return PLAIN[ttl]
  return { ttl, ...(quota === undefined ? {} : { quota }), ...(spend === undefined ? {} : { spend }) }
}

function store(
  { context: { engine } }: Session,
  request: number,
  { box, id, frame, ttl }: AdmissionRequest,
  admittance: Admittance,
): Reply | Promise<Reply> {
  if (isRefusal(admittance)) return refused(admittance, request)
  return verdict(engine.put(box, id, frame, optionsOf(ttl, admittance)), request)
}

/** Admits, then stores. */
export function deposit(session: Session, request: number, put: AdmissionRequest): Reply | Promise<Reply> {
  const admittance = session.context.admission.admit(put)
  if (admittance instanceof Promise) return admittance.then((later) => store(session, request, put, later))
  return store(session, request, put, admittance)
}

const CAPABILITY = ticketSet(['capability'])

/** Terms that nobody could ever meet, or that a later version means, are not taken. */
function sensible({ accepts, capabilityKey }: BoxTerms): boolean {
  if ((accepts & ~ALL_TICKETS) !== 0) return false
  return (accepts & CAPABILITY) === 0 || capabilityKey.some((byte) => byte !== 0)
}

export const DEPOSIT_HANDLERS: Handlers<'deposit' | 'set-terms' | 'get-terms'> = {
  deposit: (session, { request, box, id, frame, ttl, ticket }) =>
    deposit(session, request, { box, id, frame, ttl, ticket }),
  'set-terms': ({ context: { engine } }, { request, box, terms }) =>
    sensible(terms) ? verdict(engine.setTerms(box, terms), request) : failure(request, 'bad-terms'),
  'get-terms': async ({ context: { engine } }, { request, box }) => ({
    kind: 'terms',
    request,
    terms: await engine.terms(box),
  }),
}
