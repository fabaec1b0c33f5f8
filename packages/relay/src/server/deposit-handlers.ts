/** Putting into a box, with or without a ticket, and the terms of a box. spec/relay.md sections 3.1 and 3.2. */
import { ALL_TICKETS, type BoxTerms, type Reply, ticketSet } from '@hyphae/transport-relay/wire'
import { type AdmissionRequest, type Admittance, isRefusal } from './admission.js'
import type { Handlers } from './handler.js'
import { failure, refused, type Session, verdict } from './session.js'

function store(
  { context: { engine } }: Session,
  request: number,
  { box, id, frame, ttl }: AdmissionRequest,
  admittance: Admittance,
): Reply | Promise<Reply> {
  if (isRefusal(admittance)) return refused(admittance, request)
  return verdict(engine.put(box, id, frame, { ttl, ...admittance }), request)
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
