/** What one request of the REST interface is: how it is written, who may ask it, what it means. spec/relay-rest.md. */
import type { Reply, Request } from '@hyphae/transport-relay/wire'
import type { Session } from '../server/session.js'
import { type Problem, problem, problemOf } from './problem.js'
import type { Schema } from './schema.js'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

export interface Answer {
  readonly status: number
  readonly json?: Readonly<Record<string, unknown>>
  readonly bytes?: Uint8Array
  readonly stream?: ReadableStream<Uint8Array>
  readonly headers?: Readonly<Record<string, string>>
}

export type Outcome = Answer | { readonly problem: Problem }

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
/** A request of the wire protocol without its number. */
export type Ask = DistributiveOmit<Request, 'request'>

export interface Call<Body, Query> {
  readonly session: Session
  /** Who signed; empty where nothing has to be signed. */
  readonly key: Uint8Array
  readonly body: Body
  readonly query: Query
  /** The variable part of the path. */
  readonly parameter: string
  /** One header of the request. */
  header(name: string): string | undefined
  /** Asks what a WebSocket client could ask. */
  ask(request: Ask): Promise<Reply>
  /** Takes what the relay says unasked: frames of a subscription. The result ends that. */
  onPush(hear: (reply: Reply) => void): () => void
  /** Fires when the client is gone or the relay closes. */
  readonly signal: AbortSignal
}

export interface Description {
  readonly text: string
  /** What the answer holds; left out: nothing. */
  readonly schema?: Readonly<Record<string, unknown>>
  /** Default application/json. */
  readonly media?: string
}

export interface Route<Body = unknown, Query = unknown> {
  /** `operationId` of the document. */
  readonly name: string
  readonly method: Method
  /** Below /api/v1; `{hash}` is a variable part. */
  readonly path: string
  readonly summary: string
  readonly description?: string
  /** Which key has to sign; left out: nobody. */
  readonly signedBy?: string
  /** Costs a signature check, an item or a subscription. */
  readonly costly?: boolean
  readonly body?: Schema<Body>
  /** A body of bytes as they are, instead of JSON. */
  readonly raw?: true
  readonly maxBody?: number
  readonly query?: Schema<Query>
  readonly answers: Readonly<Record<number, Description>>
  /** Codes of problems besides those every request may have. */
  readonly problems?: readonly string[]
  handle(call: Call<Body, Query>): Promise<Outcome>
}

/** Lets the schemas say what `handle` is called with. */
export function route<Body = undefined, Query = undefined>(of: Route<Body, Query>): Route {
  return of as unknown as Route
}

/** What `then` makes of the expected answer, or the protocol's refusal. */
export function on<K extends Reply['kind']>(
  reply: Reply,
  kind: K,
  then: (reply: Extract<Reply, { kind: K }>) => Answer,
): Outcome {
  const refusal = problemOf(reply)
  if (refusal !== undefined) return { problem: refusal }
  if (reply.kind === kind) return then(reply as Extract<Reply, { kind: K }>)
  return { problem: problem('internal') }
}

export function json(status: number, value: Readonly<Record<string, unknown>>): Answer {
  return { status, json: value }
}

/** Nothing to say. */
export const DONE: Answer = { status: 204 }
