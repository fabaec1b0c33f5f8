/** One request, from its head to a call of its route: rates, type, body, digest, signature, fields. spec/relay-rest.md. */
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { concatBytes, utf8 } from '@hyphae/core'
import { MAX_QUEUED_BYTES, SIGNATURE_SKEW_MS, SIGNATURE_WINDOW_MS, STORAGE_RETRY_MS } from '../limits.js'
import type { ServerContext } from '../server/connection.js'
import type { Names } from '../server/names.js'
import { type Authenticated, authenticate, digestProblem } from './authenticate.js'
import { type BodyBudget, readBody } from './body.js'
import type { ClientRates, Clients } from './clients.js'
import type { Nonces } from './nonces.js'
import { type Problem, problem } from './problem.js'
import type { Route } from './route.js'
import { check, type Schema } from './schema.js'
import type { SignedMessage } from './signature.js'

export interface RestContext {
  readonly server: ServerContext
  readonly names: Names
  readonly clients: Clients
  readonly nonces: Nonces
  readonly budget: BodyBudget
}

/** What a call of a route is made of. */
export interface Checked {
  readonly rates: ClientRates
  readonly key: Uint8Array
  readonly body: unknown
  readonly query: unknown
}

const NOTHING = new Uint8Array(0)
const BUSY_RETRY_MS = 1_000
const JSON_BODY_BYTES = 8 * 1024

/** The port a scheme has anyway is left out of `@authority`. RFC 9421 section 2.2.3. */
function authorityOf({ headers, socket }: IncomingMessage): string {
  const host = (headers.host ?? '').toLowerCase()
  const ownPort = (socket as Partial<TLSSocket>).encrypted === true ? ':443' : ':80'
  return host.endsWith(ownPort) ? host.slice(0, -ownPort.length) : host
}

export function signedMessage(request: IncomingMessage): SignedMessage {
  const { method = '', url = '', rawHeaders } = request
  const at = url.indexOf('?')
  return {
    method,
    authority: authorityOf(request),
    path: at < 0 ? url : url.slice(0, at),
    query: at < 0 ? '?' : url.slice(at),
    field: (name) => {
      const values: string[] = []
      for (let i = 0; i + 1 < rawHeaders.length; i += 2)
        if (rawHeaders[i]?.toLowerCase() === name) values.push(rawHeaders[i + 1] as string)
      return values.length === 0 ? undefined : values
    },
  }
}

function rateProblem(route: Route, rates: ClientRates, { server }: RestContext): Problem | undefined {
  const costly = route.signedBy !== undefined || route.costly === true
  const wait = costly ? rates.costly.take(1, server.clock.now()) : 0
  if (wait > 0) return problem('rate-limited', { retryAfterMs: wait })
  if (server.engine.queuedBytes() >= MAX_QUEUED_BYTES)
    return problem('rate-limited', { retryAfterMs: BUSY_RETRY_MS })
  return undefined
}

function mediaProblem(route: Route, { headers }: IncomingMessage): Problem | undefined {
  const wanted = route.raw === true ? 'application/octet-stream' : 'application/json'
  if (headers['content-encoding'] !== undefined) return problem('bad-media', { detail: 'encoded' })
  if (route.body === undefined && route.raw !== true) return undefined
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  return type === wanted ? undefined : problem('bad-media', { detail: `expected ${wanted}` })
}

function checked(
  schema: Schema<unknown>,
  value: unknown,
  where: string,
): { readonly value: unknown } | Problem {
  const result = check(schema, value)
  if ('value' in result) return result
  const field = result.field === '' ? where : result.field
  return problem('malformed', { field, detail: result.reason })
}

/** A body is an object; `NaN`, comments and the like are no JSON. */
function parsedJson(body: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>
  } catch {
    // Said by the caller, without the text.
  }
  return undefined
}

function readJson(route: Route, body: Uint8Array): { readonly value: unknown } | Problem {
  if (route.raw === true) return { value: body }
  if (route.body === undefined)
    return body.length === 0 ? { value: undefined } : problem('malformed', { detail: 'takes no body' })
  const value = parsedJson(body)
  if (value === undefined) return problem('malformed', { detail: 'not a JSON object' })
  return checked(route.body, value, 'body')
}

function readQuery(route: Route, query: string): { readonly value: unknown } | Problem {
  const value: Record<string, string> = Object.create(null)
  for (const [name, text] of new URLSearchParams(query)) {
    if (name in value) return problem('malformed', { field: name.slice(0, 100), detail: 'given twice' })
    value[name] = text
  }
  if (route.query !== undefined) return checked(route.query, value, 'query')
  return Object.keys(value).length === 0
    ? { value: undefined }
    : problem('malformed', { detail: 'takes no query' })
}

const LABEL = utf8('hyphae rest nonce v1')

/** What another relay of the store was shown, or this one before it was started anew; or may have been. */
async function seenBefore(
  { use }: Authenticated,
  { engine, crypto, clock }: ServerContext,
): Promise<Problem | undefined> {
  const { rows } = engine
  // An engine that keeps nothing for services: this process remembers what it was shown itself.
  if (rows === undefined) return undefined
  const name = crypto.sha256(concatBytes(LABEL, utf8(use)))
  const until = clock.now() + SIGNATURE_WINDOW_MS + SIGNATURE_SKEW_MS
  try {
    return (await rows.once(name, until)) ? undefined : problem('replayed')
  } catch {
    return problem('storage-failed', { retryAfterMs: STORAGE_RETRY_MS })
  }
}

/** Everything a handler may rely on, or the first thing that is wrong. */
export async function checkRequest(
  request: IncomingMessage,
  route: Route,
  context: RestContext,
): Promise<Checked | Problem> {
  const { server, names, clients, nonces, budget } = context
  const rates = clients.of(request)
  const early = rateProblem(route, rates, context) ?? mediaProblem(route, request)
  if (early !== undefined) return early
  const most = route.body === undefined && route.raw !== true ? 0 : (route.maxBody ?? JSON_BODY_BYTES)
  const body = await readBody(request, most, rates.client, budget)
  if ('code' in body) return body
  const message = signedMessage(request)
  const wrong = digestProblem(message, body, server.crypto)
  if (wrong !== undefined) return wrong
  let key: Uint8Array = NOTHING
  if (route.signedBy !== undefined) {
    if (names.own(request.headers.host) === undefined) return problem('misdirected')
    const by = { client: rates.client, crypto: server.crypto, nonces }
    const proved = authenticate(message, body, server.clock.now(), by)
    if ('code' in proved) return proved
    const seen = await seenBefore(proved, server)
    if (seen !== undefined) return seen
    key = proved.key
  }
  const [given, query] = [readJson(route, body), readQuery(route, message.query)]
  if ('code' in given) return given
  return 'code' in query ? query : { rates, key, body: given.value, query: query.value }
}
