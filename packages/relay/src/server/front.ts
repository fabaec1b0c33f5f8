/** What the port answers to plain HTTP: health, readiness, REST, and to all else that it speaks WebSocket. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Clock } from '@hyphae/core'
import type { RelayEngine } from '../engine/engine.js'
import { READY_CACHE_MS } from '../limits.js'

export interface Readiness {
  /** True when requests are wanted: the store takes writes and the relay is not closing. */
  ready(): Promise<boolean>
  /** From now on not ready. */
  drain(): void
}

/** Asks the store at most once in a while, whoever asks and how often. */
export function createReadiness(engine: RelayEngine, clock: Clock): Readiness {
  let draining = false
  let askedAt = Number.NEGATIVE_INFINITY
  let answer = Promise.resolve(true)
  const probe = async (): Promise<boolean> => {
    try {
      return (await engine.writable?.()) ?? true
    } catch {
      return false
    }
  }
  return {
    ready: async () => {
      const now = clock.now()
      // A clock that went back must not keep an old answer for long.
      if (Math.abs(now - askedAt) >= READY_CACHE_MS) {
        askedAt = now
        answer = probe()
      }
      return (await answer) && !draining
    },
    drain: () => {
      draining = true
    },
  }
}

function text(response: ServerResponse, status: number, body: string, headers: object = {}): void {
  response.writeHead(status, {
    'content-type': 'text/plain',
    'content-length': body.length,
    'cache-control': 'no-store',
    ...headers,
  })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

/** Liveness and readiness. False: the request asks for something else. */
export function answerProbe(
  request: IncomingMessage,
  response: ServerResponse,
  state: Pick<Readiness, 'ready'>,
): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false
  if (request.url === '/health') text(response, 200, 'ok\n')
  else if (request.url === '/ready')
    void state.ready().then((ready) => text(response, ready ? 200 : 503, ready ? 'ready\n' : 'not ready\n'))
  else return false
  return true
}

/** `rest` answers what lies below `/api/`; left out, nothing does. */
export function createFront(state: Readiness, rest: RequestListener | undefined): RequestListener {
  return (request, response) => {
    if (answerProbe(request, response, state)) return
    if (rest !== undefined && request.url?.startsWith('/api/')) rest(request, response)
    else text(response, 426, 'WebSocket only\n', { connection: 'Upgrade', upgrade: 'websocket' })
  }
}
