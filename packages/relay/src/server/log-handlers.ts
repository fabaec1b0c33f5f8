/** Logs that grow by compare-and-swap. spec/relay.md section 3.4. */
import type { Reply } from '@hyphae/transport-relay/wire'
import type { LogConflict, Verdict } from '../engine/engine.js'
import type { Handlers } from './handler.js'
import { refused } from './session.js'

const NOTHING = new Uint8Array(0)

function appended(result: LogConflict | Verdict, request: number): Reply {
  if (result === null) return { kind: 'ok', request }
  if ('refused' in result) return refused(result, request)
  return { kind: 'log-conflict', request, next: result.next, entry: result.entry ?? NOTHING }
}

export const LOG_HANDLERS: Handlers<'log-append' | 'log-read'> = {
  'log-append': async ({ context: { engine } }, { request, log, position, entry, ttl }) =>
    appended(await engine.append(log, position, entry, ttl), request),
  'log-read': async ({ context: { engine } }, { request, log, from, limit }) => ({
    kind: 'log-entries',
    request,
    ...(await engine.entries(log, from, limit)),
  }),
}
