/** Groups: a log of commits that grows by compare-and-swap. spec/relay-rest.md section 3. */
import { toBase64url } from '../base64url.js'
import { problem } from '../problem.js'
import { json, on, type Route, route } from '../route.js'
import { fields, logEntry, optional, ttl, whole, wholeText } from '../schema.js'

const LOG = 'the key of the log, which the members share'
const MAX_PAGE = 1024
const MAX_POSITION: number = Number.MAX_SAFE_INTEGER
/** The largest entry in base64 and what stands around it. */
const MAX_APPEND_BODY: number = 96 * 1024
const DEFAULT_TTL = 30

const PLACE = { type: 'integer', minimum: 0 }

const append = route({
  name: 'appendCommit',
  method: 'POST',
  path: '/groups/commits',
  summary: 'Append an entry to the log of the signing key if a place is the next free one',
  description:
    'The same entry at the same place again is answered as the first time. Of two rivals one gets the place.',
  signedBy: LOG,
  body: fields({
    position: whole(0, MAX_POSITION, 'the place it is to take'),
    entry: logEntry,
    ttl: optional(ttl),
  }),
  maxBody: MAX_APPEND_BODY,
  answers: {
    201: {
      text: 'Durable at that place.',
      schema: { type: 'object', properties: { position: PLACE }, required: ['position'] },
    },
  },
  problems: ['log-conflict', 'storage-failed'],
  handle: async ({ ask, key: log, body }) => {
    const { position, entry, ttl: days = DEFAULT_TTL } = body
    if (entry.length === 0) return { problem: problem('malformed', { field: 'entry', detail: 'empty' }) }
    const reply = await ask({ kind: 'log-append', log, position, entry, ttl: days })
    if (reply.kind !== 'log-conflict') return on(reply, 'ok', () => json(201, { position }))
    const held = reply.entry.length > 0 && { entry: toBase64url(reply.entry) }
    return { problem: problem('log-conflict', { more: { next: reply.next, ...held } }) }
  },
})

const queue = route({
  name: 'readCommits',
  method: 'GET',
  path: '/groups/queue',
  summary: 'Entries of the log of the signing key from a place on',
  signedBy: LOG,
  query: fields({
    from: optional(wholeText(0, MAX_POSITION, 'the first place wanted')),
    limit: optional(wholeText(1, MAX_PAGE, 'entries in the answer, default 100')),
  }),
  answers: {
    200: {
      text: '`from` is later than asked when older entries are gone; `next` is the next free place.',
      schema: {
        type: 'object',
        properties: { from: PLACE, next: PLACE, entries: { type: 'array', items: { type: 'string' } } },
        required: ['from', 'next', 'entries'],
      },
    },
  },
  handle: async ({ ask, key: log, query }) => {
    const { from = 0, limit = 100 } = query
    return on(await ask({ kind: 'log-read', log, from, limit }), 'log-entries', (reply) =>
      json(200, { from: reply.from, next: reply.next, entries: reply.entries.map(toBase64url) }),
    )
  },
})

export const GROUP_ROUTES: readonly Route[] = [append, queue]
