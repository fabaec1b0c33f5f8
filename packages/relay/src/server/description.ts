/** What the relay says it offers: its limits, what it accepts, what it answers. spec/relay.md section 3.6. */
import { encodeOffer, type Till } from '@hyphae/payment'
import { type Description, type Request, requestCode, TTL_CLASSES } from '@hyphae/transport-relay/wire'
import type { Services } from '../services.js'
import type { Session } from './session.js'

type Kind = Request['kind']

const HOP_KINDS: ReadonlySet<string> = new Set(['hop-keys', 'forward', 'sealed'])

/** False for what this relay could do and its operator does not want. */
function wanted(kind: Kind, { payment, push, hops }: Services): boolean {
  if (kind.startsWith('pay-')) return payment?.till !== undefined
  if (kind.startsWith('push-')) return push !== undefined
  return !HOP_KINDS.has(kind) || hops !== undefined
}

/** The offer of spec/payment.md section 9 without the issuer's statement, which `pay-offer` brings. */
function priceOf({ payee, tariff, fundings }: Till): Uint8Array {
  return encodeOffer({ payee, tariff, fundings, statement: undefined })
}

export async function describeRelay({ context }: Session, kinds: readonly Kind[]): Promise<Description> {
  const { limits, admission, anonymity, crowd, services, writing } = context
  const codes = kinds.filter((kind) => wanted(kind, services)).map(requestCode)
  const till = services.payment?.till
  return {
    ...limits,
    ttl: TTL_CLASSES,
    tickets: admission.accepts,
    blobTickets: writing.accepts('blobs'),
    logTickets: writing.accepts('logs'),
    stockTickets: writing.accepts('stocks'),
    bucketBits: await anonymity.offered(),
    recordBits: await crowd.anonymity.offered(),
    requests: codes.sort((a, b) => a - b),
    price: till === undefined ? new Uint8Array(0) : priceOf(till),
    store: await services.store(),
  }
}
