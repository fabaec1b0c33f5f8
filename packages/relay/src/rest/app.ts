/** The REST interface on the relay's port: a listener for requests below /api/. spec/relay-rest.md. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import type { Reply, Request } from '@hyphae/transport-relay/wire'
import { type Context, Hono } from 'hono'
import { boxName } from '../engine/keys.js'
import {
  BODY_SHARES,
  MAX_NONCES,
  NONCE_SHARES,
  SIGNATURE_SKEW_MS,
  SIGNATURE_WINDOW_MS,
  STORAGE_RETRY_MS,
} from '../limits.js'
import { answer as answerRequest } from '../server/answer.js'
import type { ServerContext } from '../server/connection.js'
import type { Names } from '../server/names.js'
import { createSession, endSession, failure, type Session } from '../server/session.js'
import { createBodyBudget } from './body.js'
import type { Clients } from './clients.js'
import { createNonces } from './nonces.js'
import { openApiDocument } from './openapi.js'
import { type Problem, problem } from './problem.js'
import { type Checked, checkRequest, type RestContext } from './request.js'
import { refuse, respond } from './respond.js'
import type { Ask, Call, Outcome, Route } from './route.js'
import { ROUTES } from './routes.js'
import { createRequests, type Requests } from './running.js'

export const REST_PREFIX = '/api/v1'

export interface RestOptions {
  readonly context: ServerContext
  readonly names: Names
  readonly clients: Clients
  /** Called after each answer with the route as it is described, never as it was asked. */
  readonly answered?: (route: string, method: string, status: number, seconds: number) => void
}

export interface Rest {
  readonly listener: RequestListener
  /** Refuses what comes, ends what waits; resolves when everything is answered. */
  drain(): Promise<void>
}

type Env = { Bindings: HttpBindings }
type App = Hono<Env>

/** Nothing else is a path of the interface: no escapes, no dots that go up, no double slash. */
const TARGET = /^\/api\/v1(\/[A-Za-z0-9_-]+)+(\.json)?(\?[\x21-\x7e]*)?$/

/** A client of the wire protocol for as long as one request takes, its own key's box open. */
function sessionFor({ server }: RestContext, { key, rates }: Checked, push: (reply: Reply) => void): Session {
  const session = createSession({
    ...server,
    challenge: new Uint8Array(0),
    host: undefined,
    push,
    blocked: () => false,
  })
  if (key.length > 0) session.opened.add(boxName(key))
  return { ...session, costly: rates.costly }
}

interface Running {
  readonly call: Call<unknown, unknown>
  readonly session: Session
  /** What the relay said unasked has somebody who hears it. */
  listening(): boolean
}

function begin(checked: Checked, c: Context<Env>, context: RestContext, signal: AbortSignal): Running {
  let hear: ((reply: Reply) => void) | undefined
  let asked = 0
  const session = sessionFor(context, checked, (reply) => hear?.(reply))
  const ask = async (request: Ask): Promise<Reply> => {
    asked += 1
    try {
      return await answerRequest(session, { ...request, request: asked } as Request)
    } catch {
      return failure(asked, 'storage-failed', STORAGE_RETRY_MS)
    }
  }
  const call: Call<unknown, unknown> = {
    session,
    key: checked.key,
    body: checked.body,
    query: checked.query,
    parameter: c.req.param('hash') ?? '',
    header: (name) => c.req.header(name),
    ask,
    onPush: (given) => {
      hear = given
      return () => {
        hear = undefined
        endSession(session)
      }
    },
    signal,
  }
  return { call, session, listening: () => hear !== undefined }
}

async function run(
  route: Route,
  c: Context<Env>,
  context: RestContext,
  signal: AbortSignal,
): Promise<Outcome> {
  const checked = await checkRequest(c.env.incoming, route, context)
  if ('code' in checked) return { problem: checked }
  const { call, session, listening } = begin(checked, c, context, signal)
  const outcome = await route.handle(call)
  if (!listening()) endSession(session)
  return outcome
}

function mount(
  app: App,
  route: Route,
  context: RestContext,
  requests: Requests,
  answered: RestOptions['answered'],
): void {
  const { logger } = context.server
  app.on(route.method, `${REST_PREFIX}${route.path.replace(/\{(\w+)\}/, ':$1')}`, async (c) => {
    const begun = performance.now()
    const signal = requests.begin(c.env.outgoing)
    const outcome = requests.draining()
      ? { problem: problem('draining', { retryAfterMs: STORAGE_RETRY_MS }) }
      : await run(route, c, context, signal)
    const result = respond(outcome)
    const seconds = (performance.now() - begun) / 1000
    answered?.(route.path, c.req.method, result.status, seconds)
    logger.debug('request', { route: route.path, method: c.req.method, status: result.status })
    return result
  })
}

/** Paths that are there, with other methods. */
function methodProblem(path: string): { problem: Problem; allow: string } | undefined {
  const shape = (route: Route): RegExp =>
    new RegExp(`^${REST_PREFIX}${route.path.replace(/\{\w+\}/, '[^/]+')}$`)
  const methods = ROUTES.filter((route) => shape(route).test(path)).map(({ method }) => method)
  if (methods.length === 0) return undefined
  return {
    problem: problem('bad-method'),
    allow: methods.flatMap((one) => (one === 'GET' ? ['GET', 'HEAD'] : [one])).join(', '),
  }
}

function createApp(context: RestContext, requests: Requests, answered: RestOptions['answered']): App {
  const app: App = new Hono()
  // Made when it is first asked for: a relay starts without it.
  let document: string | undefined
  app.get(`${REST_PREFIX}/openapi.json`, () => {
    document ??= JSON.stringify(openApiDocument())
    return new Response(document, { headers: { 'content-type': 'application/json' } })
  })
  for (const route of ROUTES) mount(app, route, context, requests, answered)
  app.notFound((c) => {
    const other = methodProblem(c.req.path)
    const result = respond(other ?? { problem: problem('not-found') })
    if (other !== undefined) result.headers.set('allow', other.allow)
    return result
  })
  app.onError(() => {
    context.server.logger.error('request failed')
    return respond({ problem: problem('internal') })
  })
  return app
}

/** What can be said of any request: whether its address may ask now, and whether it is a path of the interface. */
function earlyProblem(request: IncomingMessage, { clients, server }: RestContext): Problem | undefined {
  const wait = clients.of(request).requests.take(1, server.clock.now())
  if (wait > 0) return problem('rate-limited', { retryAfterMs: wait })
  return TARGET.test(request.url ?? '') ? undefined : problem('not-found')
}

export function createRest({ context, names, clients, answered }: RestOptions): Rest {
  const requests = createRequests()
  const rest: RestContext = {
    server: context,
    names,
    clients,
    nonces: createNonces(SIGNATURE_WINDOW_MS + SIGNATURE_SKEW_MS, MAX_NONCES, MAX_NONCES / NONCE_SHARES),
    budget: createBodyBudget(context.limits.unfinishedBytes, context.limits.unfinishedBytes / BODY_SHARES),
  }
  const app = createApp(rest, requests, answered)
  const listener = getRequestListener(app.fetch as Parameters<typeof getRequestListener>[0], {
    overrideGlobalObjects: false,
  })
  return {
    listener: (request: IncomingMessage, outgoing: ServerResponse) => {
      const early = earlyProblem(request, rest)
      if (early !== undefined) {
        // Before a route is known: nothing of what was asked may become a label.
        answered?.('none', 'any', early.status, 0)
        return refuse(outgoing, early)
      }
      outgoing.setTimeout(context.limits.slowReaderMs, () => request.socket.destroy())
      void listener(request, outgoing)
    },
    drain: requests.drain,
  }
}
