/**
 * The gateway: opens a token and sends one Web Push that says nothing but "look". spec/relay-push.md section 4.
 *
 * RFC 8030 with VAPID (RFC 8292) and a constant payload under RFC 8291. It knows endpoints, and no box.
 */
import type { Clock, Logger, Store } from '@hyphae/core'
import type { CryptoProvider, X25519PrivateKey } from '@hyphae/crypto'
import { openPushToken, type PushSubscriptionKeys } from '@hyphae/transport-relay/push'
import type { FailureName } from '@hyphae/transport-relay/wire'
import webPush from 'web-push'
import { type Refusal, refuse, type Verdict } from '../engine/engine.js'
import { RelayError } from '../errors.js'
import {
  MAX_PUSH_ENDPOINTS,
  MAX_PUSHES,
  PUSH_BURST,
  PUSH_ORIGIN_BURST,
  PUSH_ORIGIN_PER_SECOND,
  PUSH_PER_SECOND,
  PUSH_RETRY_MS,
  PUSH_TTL_S,
} from '../limits.js'
import { type Bucket, createBucket } from '../server/bucket.js'
import { keptKey } from '../services/kept.js'
import { endpointUrl, type Posted, post } from './post.js'

export interface GatewayOptions {
  /** Where push services reach the operator: a `mailto:` or `https:` URL. */
  readonly contact: string
  /** Allows push services on this machine. Never where the port is reachable by others. */
  readonly unsafeLoopback?: boolean
}

export interface PushGateway {
  /** X25519, 32 bytes. */
  readonly sealKey: Uint8Array
  /** P-256, 65 bytes. */
  readonly vapidKey: Uint8Array
  /** Null: the push service has taken it. */
  wake(token: Uint8Array): Promise<Verdict>
}

export interface GatewayBase {
  readonly store: Store
  readonly crypto: CryptoProvider
  readonly clock: Clock
  readonly logger: Logger
}

interface VapidKeys {
  /** base64url */
  readonly publicKey: string
  readonly privateKey: string
}

const TABLE = 'vapid'
/** The same for everybody: an empty payload would do, but not every push service delivers one. */
const PAYLOAD = Buffer.alloc(16)
/** A wake that was not delivered yet is replaced by the next. */
const TOPIC = 'hyphae'

async function keptVapid(store: Store): Promise<VapidKeys> {
  return store.transact(async (tx) => {
    const held = await tx.get([TABLE])
    if (held !== undefined) return JSON.parse(Buffer.from(held).toString()) as VapidKeys
    const made = webPush.generateVAPIDKeys()
    tx.put([TABLE], Buffer.from(JSON.stringify(made)))
    return made
  })
}

/** Buckets by name, those used longest ago forgotten first. */
function createRates(clock: Clock, perSecond: number, burst: number): (name: string) => number {
  const buckets = new Map<string, Bucket>()
  return (name) => {
    const bucket = buckets.get(name) ?? createBucket(perSecond, burst, clock.now())
    buckets.delete(name)
    buckets.set(name, bucket)
    const [oldest] = buckets.keys()
    if (buckets.size > MAX_PUSH_ENDPOINTS && oldest !== undefined) buckets.delete(oldest)
    return bucket.take(1, clock.now())
  }
}

/** By endpoint, which is a phone, and by origin: endless endpoints of one host are still one host. */
export function endpointRates(clock: Clock): (endpoint: URL) => number {
  const ofEndpoint = createRates(clock, PUSH_PER_SECOND, PUSH_BURST)
  const ofOrigin = createRates(clock, PUSH_ORIGIN_PER_SECOND, PUSH_ORIGIN_BURST)
  return ({ href, origin }) => ofEndpoint(href) || ofOrigin(origin)
}

function verdictOf({ status, retryAfter }: Posted): Verdict {
  if (status >= 200 && status < 300) return null
  if (status === 404 || status === 410) return refuse('push-gone')
  const pause = retryAfter === undefined ? PUSH_RETRY_MS : retryAfter * 1000
  return refuse(status === 429 ? 'rate-limited' : 'peer-unreachable', Math.min(pause, 0xffff_ffff))
}

interface State {
  readonly options: GatewayOptions
  readonly base: GatewayBase
  readonly key: X25519PrivateKey
  readonly vapid: VapidKeys
  rate(endpoint: URL): number
  /** Pushes on their way. */
  sending: number
}

/** The request of RFC 8030; undefined when the subscription's key is none. */
function requestOf({ options, vapid }: State, { endpoint, p256dh, auth }: PushSubscriptionKeys) {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
  try {
    return webPush.generateRequestDetails(
      { endpoint, keys: { p256dh: text(p256dh), auth: text(auth) } },
      PAYLOAD,
      {
        vapidDetails: { subject: options.contact, ...vapid },
        contentEncoding: 'aes128gcm',
        urgency: 'high',
        topic: TOPIC,
        TTL: PUSH_TTL_S,
      },
    )
  } catch {
    return undefined
  }
}

async function send(state: State, post: () => Promise<Posted>): Promise<Verdict> {
  state.sending += 1
  try {
    return verdictOf(await post())
  } catch {
    state.base.logger.debug('push service not reached')
    return refuse('peer-unreachable', PUSH_RETRY_MS)
  } finally {
    state.sending -= 1
  }
}

async function wake(state: State, token: Uint8Array): Promise<Verdict> {
  const { base, options, key } = state
  if (state.sending >= MAX_PUSHES) return refuse('rate-limited', PUSH_RETRY_MS)
  const bad: Refusal = refuse('bad-push' satisfies FailureName)
  const subscription = openPushToken(base.crypto, key, token)
  if (subscription === null) return bad
  const allowed = { loopback: options.unsafeLoopback === true }
  const url = endpointUrl(subscription.endpoint, allowed)
  if (url === undefined) return bad
  const wait = state.rate(url)
  if (wait > 0) return refuse('rate-limited', wait)
  const request = requestOf(state, subscription)
  if (request === undefined) return bad
  const headers = request.headers as Record<string, string | number>
  return send(state, () => post({ url, headers, body: request.body as Buffer }, allowed))
}

/** @throws RelayError `relay/bad-setting` when the contact is no `mailto:` or `https:` URL */
export async function openGateway(options: GatewayOptions, base: GatewayBase): Promise<PushGateway> {
  const contact = URL.canParse(options.contact) ? new URL(options.contact).protocol : ''
  if (contact !== 'mailto:' && contact !== 'https:')
    throw new RelayError('relay/bad-setting', { details: { setting: 'push.contact' } })
  const key = base.crypto.x25519.importPrivateKey(await keptKey(base, 'push'))
  const vapid = await keptVapid(base.store)
  const state: State = { options, base, key, vapid, rate: endpointRates(base.clock), sending: 0 }
  return {
    sealKey: key.publicKey,
    vapidKey: new Uint8Array(Buffer.from(vapid.publicKey, 'base64url')),
    wake: (token) => wake(state, token),
  }
}
