/** Requests about push. spec/relay-push.md section 2. */
import { concatBytes } from '@hyphae/core'
import type { PushRequest } from '@hyphae/transport-relay/wire'
import { boxName } from '../engine/keys.js'
import { WAKES_BURST, WAKES_PER_SECOND } from '../limits.js'
import { type Bucket, createBucket } from '../server/bucket.js'
import type { Handlers } from '../server/handler.js'
import { failure, type Session, verdict } from '../server/session.js'

const wakes = new WeakMap<Session, Bucket>()

function bucketOf(session: Session): Bucket {
  const known = wakes.get(session) ?? createBucket(WAKES_PER_SECOND, WAKES_BURST, session.context.clock.now())
  wakes.set(session, known)
  return known
}

export const PUSH_HANDLERS: Handlers<PushRequest['kind']> = {
  'push-offer': ({ context: { services } }, { request }) => {
    const gateway = services.push?.gateway
    if (gateway === undefined) return failure(request, 'unsupported')
    return { kind: 'push-offered', request, bytes: concatBytes(gateway.sealKey, gateway.vapidKey) }
  },
  'push-register': ({ context: { services } }, { request, box, gateway, token }) => {
    const { push } = services
    if (push === undefined) return failure(request, 'unsupported')
    const name = new TextDecoder().decode(gateway)
    if (!push.offers(name)) return failure(request, 'not-a-peer')
    return verdict(push.registry.set(box, { gateway: name, token }), request)
  },
  'push-unregister': async ({ context: { services } }, { request, box }) => {
    if (services.push === undefined) return failure(request, 'unsupported')
    await services.push.registry.drop(boxName(box))
    return { kind: 'ok', request }
  },
  'push-wake': (session, { request, bytes }) => {
    const { clock, services } = session.context
    const gateway = services.push?.gateway
    if (gateway === undefined) return failure(request, 'unsupported')
    const wait = bucketOf(session).take(1, clock.now())
    return wait > 0 ? failure(request, 'rate-limited', wait) : verdict(gateway.wake(bytes.slice()), request)
  },
}
