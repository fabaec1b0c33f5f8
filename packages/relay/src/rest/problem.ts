/** What is answered when a request is refused: RFC 9457, with the codes of the protocol. spec/relay-rest.md section 4. */
import { failureName, type Reply } from '@hyphae/transport-relay/wire'

export interface Problem {
  readonly status: number
  /** Stable; programs compare this. */
  readonly code: string
  /** One sentence for people. */
  readonly title: string
  readonly field?: string
  readonly detail?: string
  readonly retryAfterMs?: number
  /** Further members. */
  readonly more?: Readonly<Record<string, unknown>>
}

type Entry = readonly [status: number, title: string]

/** Failures of the wire protocol, spec/relay.md section 2.3; those not named here are 400. */
const FAILED: Readonly<Record<string, Entry>> = {
  malformed: [400, 'The request does not say what the interface describes.'],
  unsupported: [501, 'This relay does not offer that.'],
  'bad-proof': [401, 'The signature does not verify.'],
  'not-open': [403, 'The key that signed may not do that.'],
  'box-full': [507, 'The box holds its quota of frames.'],
  'rate-limited': [429, 'Too many requests.'],
  'storage-failed': [503, 'The store takes nothing now; nothing of this request was stored.'],
  stale: [409, 'The sequence does not rise.'],
  'address-full': [409, 'Other writers were there first.'],
  'bad-signature': [422, 'The signature inside does not verify.'],
  'bad-hash': [422, 'The SHA-256 of the data is another.'],
  limit: [429, 'As many as may be at once.'],
  'stock-full': [409, 'More items would wait than a stock may hold.'],
  draining: [503, 'The relay is shutting down.'],
  internal: [500, 'A defect of the relay.'],
  'ticket-needed': [403, 'The box takes no frame without a ticket of another kind.'],
  'bad-ticket': [403, 'The ticket is not good here.'],
  'ticket-spent': [403, 'The ticket is used up.'],
  'bucket-too-small': [403, 'Too few boxes lie in this bucket.'],
  'bad-terms': [422, 'Nobody could meet these terms.'],
}

/** Codes from here on are about payment; those before that have no entry are of a later version. */
const FIRST_PAYMENT_CODE = 40
const UNPAID: Entry = [402, 'The payment is not good here.']
const REFUSED: Entry = [400, 'The relay refused.']

export type HttpProblem =
  | 'not-found'
  | 'bad-method'
  | 'too-large'
  | 'bad-media'
  | 'misdirected'
  | 'bad-digest'
  | 'bad-range'
  | 'not-signed'
  | 'expired'
  | 'replayed'
  | 'log-conflict'

/** What only HTTP can get wrong. */
const HTTP: Readonly<Record<HttpProblem, Entry>> = {
  'not-found': [404, 'There is nothing here.'],
  'bad-method': [405, 'This is asked with another method.'],
  'too-large': [413, 'The body is larger than this request may be.'],
  'bad-media': [415, 'The body is of another type.'],
  misdirected: [421, 'This relay has other names.'],
  'bad-digest': [400, 'The Content-Digest is missing or of another body.'],
  'bad-range': [416, 'The blob has no such part.'],
  'not-signed': [401, 'This has to be signed.'],
  expired: [401, 'The signature was made too long ago, or is of the future.'],
  replayed: [401, 'The nonce was used before.'],
  'log-conflict': [409, 'Another entry has that place.'],
}

export function problem(
  code:
    | HttpProblem
    | 'malformed'
    | 'rate-limited'
    | 'draining'
    | 'internal'
    | 'bad-proof'
    | 'not-open'
    | 'storage-failed'
    | 'limit',
  context: Omit<Problem, 'status' | 'code' | 'title'> = {},
): Problem {
  const [status, title] = (HTTP as Readonly<Record<string, Entry>>)[code] ?? (FAILED[code] as Entry)
  return { status, code, title, ...context }
}

/** The protocol's refusal; undefined for any other answer. */
export function problemOf(reply: Reply): Problem | undefined {
  if (reply.kind !== 'failure') return undefined
  const code = failureName(reply.code) ?? 'internal'
  const [status, title] = FAILED[code] ?? (reply.code >= FIRST_PAYMENT_CODE ? UNPAID : REFUSED)
  return { status, code, title, ...(reply.retryAfterMs > 0 && { retryAfterMs: reply.retryAfterMs }) }
}

/** Every code and its status, for the document. */
export const PROBLEM_CODES: Readonly<Record<string, number>> = Object.fromEntries(
  [...Object.entries(FAILED), ...Object.entries(HTTP)].map(([code, [status]]) => [code, status]),
)

export function problemBody({ status, code, title, field, detail, retryAfterMs, more }: Problem): string {
  return JSON.stringify({
    type: `urn:hyphae:relay:${code}`,
    title,
    status,
    code,
    ...(field !== undefined && { field }),
    ...(detail !== undefined && { detail }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...more,
  })
}

/** `accept-signature` (RFC 9421 section 5.1): what a signature has to cover. */
const WANTED =
  'sig=("@method" "@authority" "@path" "@query" "content-digest");created;nonce;keyid;alg="ed25519";tag="hyphae-relay"'

export function problemHeaders({ status, retryAfterMs }: Problem): Record<string, string> {
  return {
    'content-type': 'application/problem+json',
    ...(retryAfterMs !== undefined && { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }),
    // What was not read would be taken for the next request.
    ...(status === 413 && { connection: 'close' }),
    ...(status === 401 && { 'www-authenticate': 'Signature', 'accept-signature': WANTED }),
  }
}
