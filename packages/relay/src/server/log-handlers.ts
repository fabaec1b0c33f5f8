/** Logs that grow by compare-and-swap. spec/relay.md section 3.4. */
import { entrySubject, type Reply, type Request } from '@hyphae/transport-relay/wire'
import type { LogConflict, Verdict } from '../engine/engine.js'
import type { Handlers } from './handler.js'
import { admitted, refused, type Session } from './session.js'

const NOTHING = new Uint8Array(0)

function appended(result: LogConflict | Verdict, request: number): Reply {
  if (result === null) return { kind: 'ok', request }
  if ('refused' in result) return refused(result, request)
  return { kind: 'log-conflict', request, next: result.next, entry: result.entry ?? NOTHING }
}

type Fields = Pick<Extract<Request, { kind: 'log-append' }>, 'request' | 'log' | 'position' | 'entry' | 'ttl'>

async function append({ context: { engine } }: Session, fields: Fields): Promise<Reply> {
  const { request, log, position, entry, ttl } = fields
  return appended(await engine.append(log, position, entry, ttl), request)
}

export const LOG_HANDLERS: Handlers<'log-append' | 'log-deposit' | 'log-read'> = {
  'log-append': (session, fields) =>
    admitted(session.context.writing.admitPlain('logs'), fields.request, () => append(session, fields)),
  'log-deposit': (session, fields) => {
    const { writing, crypto } = session.context
    const { request, ticket, log, position, entry, ttl } = fields
    const subject = entrySubject(log, position, entry, crypto.sha256)
    const may = writing.admit('logs', { subject, ttl, ticket })
    return admitted(may, request, () => append(session, fields))
  },
  'log-read': async ({ context: { engine } }, { request, log, from, limit }) => ({
    kind: 'log-entries',
    request,
    ...(await engine.entries(log, from, limit)),
  }),
}
