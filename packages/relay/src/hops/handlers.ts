/** Requests about two hops. spec/relay-hops.md section 2. */
import { concatBytes, isHyphaeError } from '@hyphae/core'
import type { HopRequest, Reply } from '@hyphae/transport-relay/wire'
import {
  FORWARD_TIMEOUT_MS,
  HOP_CONNECTIONS,
  HOPS_BURST,
  HOPS_PER_SECOND,
  MAX_FORWARDS,
  PEER_RETRY_MS,
} from '../limits.js'
import { type Bucket, createBucket } from '../server/bucket.js'
import type { Handlers } from '../server/handler.js'
import { failure, type Session } from '../server/session.js'
import { type Allowance, type AnswerOne, answerSealed } from './opened.js'

/** What a connection has spent on hops. */
interface Usage extends Allowance {
  readonly sealed: Bucket
  forwards: number
}

function usageOf(usages: WeakMap<Session, Usage>, session: Session): Usage {
  const known = usages.get(session)
  if (known !== undefined) return known
  const now = session.context.clock.now()
  const { costlyPerSecond, costlyBurst, announcesPerSecond } = session.context.limits
  const announced = HOP_CONNECTIONS * announcesPerSecond
  const usage = {
    sealed: createBucket(HOPS_PER_SECOND, HOPS_BURST, now),
    costly: createBucket(HOP_CONNECTIONS * costlyPerSecond, HOP_CONNECTIONS * costlyBurst, now),
    announces: createBucket(announced, 2 * announced, now),
    forwards: 0,
  }
  usages.set(session, usage)
  return usage
}

/** What the client is told of a peer that refused or was not reached. */
function peerFailure(error: unknown, request: number): Reply {
  if (isHyphaeError(error, 'relay-carrier/hop-refused')) return failure(request, 'hop-refused')
  if (isHyphaeError(error, 'relay-carrier/rate-limited'))
    return failure(request, 'rate-limited', error.retryAfterMs ?? PEER_RETRY_MS)
  return failure(request, 'peer-unreachable', PEER_RETRY_MS)
}

async function forward(
  { context: { services } }: Session,
  { request, peer, sealed }: Extract<HopRequest, { kind: 'forward' }>,
): Promise<Reply> {
  const calls = services.hops?.peer(new TextDecoder().decode(peer))
  if (calls === undefined) return failure(request, 'not-a-peer')
  try {
    const ask = { kind: 'sealed', bytes: sealed.slice() } as const
    const { bytes } = await calls.call(ask, 'sealed-answer', { repeatable: false })
    return { kind: 'sealed-answer', request, bytes: bytes.slice() }
  } catch (error) {
    return peerFailure(error, request)
  }
}

async function open(
  session: Session,
  allowance: Allowance,
  { request, bytes }: Extract<HopRequest, { kind: 'sealed' }>,
  answer: AnswerOne,
): Promise<Reply> {
  try {
    const sealed = await answerSealed(session, allowance, bytes, answer)
    if (sealed !== undefined) return { kind: 'sealed-answer', request, bytes: sealed }
  } catch (error) {
    if (!isHyphaeError(error, 'relay-carrier/malformed')) throw error
  }
  return failure(request, 'hop-refused')
}

/** `answer` is the relay's own: what is sealed is answered as if it had come alone. */
export function hopHandlers(answer: AnswerOne): Handlers<HopRequest['kind']> {
  const usages = new WeakMap<Session, Usage>()
  return {
    'hop-keys': ({ context: { services } }, { request }) => {
      const keys = services.hops?.keys() ?? []
      if (keys.length === 0) return failure(request, 'unsupported')
      return { kind: 'hop-keys-list', request, bytes: concatBytes(...keys.map(({ publicKey }) => publicKey)) }
    },
    forward: (session, request) => {
      const usage = usageOf(usages, session)
      if (usage.forwards >= MAX_FORWARDS)
        return failure(request.request, 'rate-limited', FORWARD_TIMEOUT_MS / 4)
      usage.forwards += 1
      return forward(session, request).finally(() => {
        usage.forwards -= 1
      })
    },
    sealed: (session, request) => {
      const usage = usageOf(usages, session)
      const wait = usage.sealed.take(1, session.context.clock.now())
      if (wait > 0) return failure(request.request, 'rate-limited', wait)
      return open(session, usage, request, answer)
    },
  }
}
