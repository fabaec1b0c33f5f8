/**
 * Answers what was sealed to this relay: a session of its own for each request, that knows no connection.
 *
 * The entry's connection lends nothing to it but its rate: no box is open in it but those that the request opens.
 */
import { isHyphaeError } from '@hyphae/core'
import {
  HOP_ANSWER_OVERHEAD,
  type OpenedHop,
  openHopRequest,
  sealHopAnswer,
} from '@hyphae/transport-relay/hops'
import {
  decodeRequests,
  encodeReplies,
  type FailureName,
  MAX_HOP_OPERATIONS,
  type Reply,
  type Request,
  replyBytes,
  type UnknownRequest,
} from '@hyphae/transport-relay/wire'
import { STORAGE_RETRY_MS } from '../limits.js'
import { createSession, failure, type Session } from '../server/session.js'
import { fitReplies } from './fit.js'

type Incoming = Request | UnknownRequest

/** Answers one request in a session: the relay's own, handed in so that the two do not import each other. */
export type AnswerOne = (session: Session, request: Incoming) => Reply | Promise<Reply>

/** What needs a connection of its own, or would pass on again. */
const NEVER: ReadonlySet<string> = new Set([
  'watch',
  'bucket-watch',
  'credit',
  'unwatch',
  'listen',
  'forward',
  'sealed',
  'push-wake',
])

/** What the connection that brings sealed requests may still spend on all of them. */
export type Allowance = Pick<Session, 'costly' | 'announces'>

function quietSession(
  { context }: Session,
  challenge: Uint8Array,
  { costly, announces }: Allowance,
): Session {
  const session = createSession({ ...context, challenge, push: () => {}, blocked: () => false })
  return { ...session, costly, announces }
}

async function answerOne(session: Session, request: Incoming, answer: AnswerOne): Promise<Reply> {
  if (NEVER.has(request.kind)) return failure(request.request, 'unsupported')
  try {
    return await answer(session, request)
  } catch {
    return failure(request.request, 'storage-failed', STORAGE_RETRY_MS)
  }
}

/** Request 0: nothing of it was executed. */
function refusal(name: FailureName, retryAfterMs = 0): Reply[] {
  return [failure(0, name, retryAfterMs)]
}

/** Answers that hold much more memory than their requests, and may hold more than the sealed answer will. */
const LARGE: ReadonlySet<string> = new Set(['fetch', 'bucket-fetch', 'record-bucket', 'log-read', 'lookup'])

/**
 * All are started in order before any is waited for, so that what they store shares a batch. Only those with large
 * answers go one after another, each cut to what room is left: one sealed request must not hold sixty pages.
 */
async function answerAll(
  session: Session,
  requests: readonly Incoming[],
  answerSize: number,
  answer: AnswerOne,
): Promise<Reply[]> {
  let room = answerSize - HOP_ANSWER_OVERHEAD
  const started: Promise<Reply>[] = []
  for (const request of requests) {
    const reply = answerOne(session, request, answer)
    started.push(reply)
    if (!LARGE.has(request.kind)) continue
    const [fitting = await reply] = fitReplies([await reply], room)
    room -= replyBytes(fitting)
    started[started.length - 1] = Promise.resolve(fitting)
  }
  return Promise.all(started)
}

async function answers(
  session: Session,
  allowance: Allowance,
  opened: OpenedHop,
  answer: AnswerOne,
): Promise<Reply[]> {
  let requests: Incoming[]
  try {
    requests = decodeRequests(opened.message)
  } catch (error) {
    if (isHyphaeError(error, 'relay-carrier/malformed')) return refusal('malformed')
    throw error
  }
  if (requests.length > MAX_HOP_OPERATIONS) return refusal('limit')
  const quiet = quietSession(session, opened.exchange.challenge, allowance)
  return answerAll(quiet, requests, opened.answerSize, answer)
}

/** The sealed answer; undefined when the request does not open. */
export async function answerSealed(
  session: Session,
  allowance: Allowance,
  bytes: Uint8Array,
  answer: AnswerOne,
): Promise<Uint8Array | undefined> {
  const { crypto, clock, services } = session.context
  const { hops } = services
  if (hops === undefined) return undefined
  const opened = openHopRequest(crypto, hops.keys(), bytes)
  if (opened === null) return undefined
  const judged = hops.replays.judge(session, opened.enc, opened.time)
  const isFirst = judged !== 'fresh' || (await hops.isFirst(opened.enc, opened.time))
  const verdict = isFirst ? judged : 'replayed'
  const replies =
    verdict === 'fresh'
      ? await answers(session, allowance, opened, answer)
      : refusal(
          verdict === 'full' ? 'rate-limited' : 'hop-replayed',
          verdict === 'full' ? STORAGE_RETRY_MS : 0,
        )
  const message = encodeReplies(fitReplies(replies, opened.answerSize - HOP_ANSWER_OVERHEAD))
  return sealHopAnswer(crypto, opened.exchange, { time: clock.now(), message }, opened.answerSize)
}
