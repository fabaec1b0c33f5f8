/** What answers a kind of request: one function, from the session and the request to one answer. */
import type { Reply, Request } from '@hyphae/transport-relay/wire'
import type { Session } from './session.js'

/** Rejects when the store cannot be read. */
export type Handler<K extends Request['kind']> = (
  session: Session,
  request: Extract<Request, { kind: K }>,
) => Reply | Promise<Reply>

export type Handlers<K extends Request['kind']> = { readonly [Kind in K]: Handler<Kind> }
