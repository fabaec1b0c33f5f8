/** Boxes: frames that wait for the holder of a key. spec/relay-rest.md section 3. */
import { NO_TICKET, type Reply } from '@hyphae/transport-relay/wire'
import { boxName } from '../../engine/keys.js'
import { toBase64url } from '../base64url.js'
import { type Call, DONE, json, type Outcome, on, type Route, route } from '../route.js'
import {
  fields,
  frame,
  id,
  key,
  listOf,
  type OutputOf,
  optional,
  ticket,
  ttl,
  whole,
  wholeText,
} from '../schema.js'

const BOX = 'the key of the box'
const MAX_PAGE = 1024
/** Receipts that go out with one acknowledgement. */
const MAX_RECEIPTS = 16
/** A frame of 4,096 bytes in base64, with what stands around it. */
const MAX_PUT_BODY: number = 16 * 1024
const MAX_RECEIPTS_BODY: number = MAX_RECEIPTS * 8 * 1024
const MAX_WAIT_SECONDS = 30
const MAX_CURSOR: number = Number.MAX_SAFE_INTEGER
const DEFAULT_TTL = 30

const deposit = { box: key, id, frame, ttl: optional(ttl), ticket: optional(ticket) } as const
type Deposit = OutputOf<typeof deposit>

const CURSOR = { type: 'integer', minimum: 1 }
const TEXT = { type: 'string' }
const PUT_PROBLEMS = ['box-full', 'storage-failed', 'ticket-needed', 'bad-ticket', 'ticket-spent']

function put(
  { ask }: Call<unknown, unknown>,
  { ttl: days, ticket: shown, ...rest }: Deposit,
): Promise<Reply> {
  return ask({ kind: 'deposit', ...rest, ttl: days ?? DEFAULT_TTL, ticket: shown ?? NO_TICKET })
}

/** The first refusal; undefined when all are stored. */
async function putAll(
  call: Call<unknown, unknown>,
  deposits: readonly Deposit[],
): Promise<Outcome | undefined> {
  for (const one of deposits) {
    const reply = await put(call, one)
    if (reply.kind !== 'ok') return on(reply, 'ok', () => DONE)
  }
  return undefined
}

const send = route({
  name: 'sendMessage',
  method: 'POST',
  path: '/messages/send',
  summary: 'Put a sealed frame into a box',
  description:
    'Nobody signs: a relay knows no sender. The same id again stores nothing and is answered alike.',
  body: fields(deposit),
  maxBody: MAX_PUT_BODY,
  answers: { 204: { text: 'Durable.' } },
  problems: PUT_PROBLEMS,
  handle: async (call) => on(await put(call, call.body), 'ok', () => DONE),
})

/** Resolves when a frame came into the signer's box, the time is over, or nobody waits any more. */
function arrival({ session, key: box, signal }: Call<unknown, unknown>, ms: number): Promise<void> {
  const { watches, clock } = session.context
  const stop = new AbortController()
  const end = (): void => stop.abort()
  const nothing = (): void => {}
  const watch = { box, offer: end, credit: nothing, advance: nothing, stop: nothing }
  const name = boxName(box)
  watches.add(name, watch)
  signal.addEventListener('abort', end, { once: true })
  // What is over already is not told a second time.
  if (signal.aborted) end()
  return clock
    .sleep(ms, stop.signal)
    .catch(nothing)
    .finally(() => {
      signal.removeEventListener('abort', end)
      watches.remove(name, watch)
    })
}

const queue = route({
  name: 'readQueue',
  method: 'GET',
  path: '/messages/queue',
  summary: 'The frames that wait in the box of the signing key, oldest first',
  description:
    'Reading deletes nothing. With `wait` an empty queue is answered when a frame comes or the time is over.',
  signedBy: BOX,
  query: fields({
    after: optional(wholeText(0, MAX_CURSOR, 'cursor of the last frame that is known')),
    limit: optional(wholeText(1, MAX_PAGE, 'frames in the answer, default 100')),
    wait: optional(wholeText(0, MAX_WAIT_SECONDS, 'seconds to wait while there is none')),
  }),
  answers: {
    200: {
      text: 'At most 512 KiB of frames; `more` says that there are others behind them.',
      schema: {
        type: 'object',
        properties: {
          more: { type: 'boolean' },
          deliveries: {
            type: 'array',
            items: {
              type: 'object',
              properties: { cursor: CURSOR, frame: TEXT },
              required: ['cursor', 'frame'],
            },
          },
        },
        required: ['more', 'deliveries'],
      },
    },
  },
  problems: ['limit'],
  handle: async (call) => {
    const { after = 0, limit = 100, wait = 0 } = call.query
    const read = (): Promise<Reply> => call.ask({ kind: 'fetch', box: call.key, after, limit })
    // Listening begins before reading, so that nothing comes between the two.
    const came = wait > 0 ? arrival(call, wait * 1000) : undefined
    let reply = await read()
    if (came !== undefined && reply.kind === 'deliveries' && reply.deliveries.length === 0) {
      await came
      reply = await read()
    }
    return on(reply, 'deliveries', ({ more, deliveries }) =>
      json(200, {
        more,
        deliveries: deliveries.map(({ cursor, frame }) => ({ cursor, frame: toBase64url(frame) })),
      }),
    )
  },
})

const delivered = route({
  name: 'confirmDelivery',
  method: 'POST',
  path: '/messages/delivered',
  summary: 'Store receipts for the senders, then delete the frames up to a cursor',
  description: 'Receipts are sealed frames like any other. Nothing is deleted when one of them is refused.',
  signedBy: BOX,
  body: fields({
    cursor: whole(1, MAX_CURSOR, 'the last frame that is safe with its recipient'),
    receipts: optional(listOf(fields(deposit), 1, MAX_RECEIPTS)),
  }),
  maxBody: MAX_RECEIPTS_BODY,
  answers: { 204: { text: 'Durable.' } },
  problems: PUT_PROBLEMS,
  handle: async (call) => {
    const refusal = await putAll(call, call.body.receipts ?? [])
    if (refusal !== undefined) return refusal
    return on(await call.ask({ kind: 'ack', box: call.key, cursor: call.body.cursor }), 'ok', () => DONE)
  },
})

const read = route({
  name: 'confirmRead',
  method: 'POST',
  path: '/messages/read',
  summary: 'Store receipts for the senders',
  description:
    'The relay cannot know what was read: it stores sealed frames, in order, up to the first it refuses.',
  body: fields({ receipts: listOf(fields(deposit), 1, MAX_RECEIPTS) }),
  maxBody: MAX_RECEIPTS_BODY,
  answers: { 204: { text: 'Durable.' } },
  problems: PUT_PROBLEMS,
  handle: async (call) => (await putAll(call, call.body.receipts)) ?? DONE,
})

const remove = route({
  name: 'deleteMessages',
  method: 'DELETE',
  path: '/messages/queue',
  summary: 'Delete the frames up to a cursor',
  signedBy: BOX,
  query: fields({ through: wholeText(1, MAX_CURSOR, 'cursor of the last frame to delete') }),
  answers: { 204: { text: 'Durable; also when there was none.' } },
  problems: ['storage-failed'],
  handle: async ({ ask, key: box, query }) =>
    on(await ask({ kind: 'ack', box, cursor: query.through }), 'ok', () => DONE),
})

export const MESSAGE_ROUTES: readonly Route[] = [send, queue, delivered, read, remove]
