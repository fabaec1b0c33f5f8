/** A dialer to a relay that is never dialled: everything goes sealed through an entry. spec/relay-hops.md. */
import { type BoxKey, type Clock, KEY_BYTES, utf8 } from '@hyphae/core'
import { type CryptoProvider, defaultCrypto } from '@hyphae/crypto'
import type { Ask, CallOptions } from '../call.js'
import type { Via } from '../carrier.js'
import { createDialer, type Dialer } from '../dialer.js'
import { RelayCarrierError } from '../errors.js'
import { HOP_POLL_MS } from '../limits.js'
import { relayUrl } from '../relay-url.js'
import type { BucketPrefix } from '../wire/bucket-requests.js'
import type { Reply } from '../wire/message.js'
import { createExchange, type Exchange } from './exchange.js'
import { foundInBox, foundInBucket, type Poll, type PollOptions, startPoll } from './polling.js'

export interface ThroughOptions {
  /**
   * X25519 public key of the second relay, 32 bytes, from a source that the entry cannot change: the relay itself
   * (`hopKey`), a record of the recipient, configuration.
   */
  readonly key: Uint8Array
  readonly crypto?: CryptoProvider
  /** Pause between two looks into a watched box that was empty, in ms; default 5,000. */
  readonly pollMs?: number
}

interface State {
  readonly exchange: Exchange
  readonly polls: Map<number, Poll>
  readonly clock: Clock
  readonly pollMs: number
  readonly closed: AbortSignal
  next: number
}

type Look = PollOptions['look']

/** Asks for what a watch would push. */
function boxLook({ exchange }: State, box: BoxKey, request: number): Look {
  return async (after, limit) => {
    const ask = { kind: 'fetch', box: box.id, after, limit } as const
    const reply = await exchange.call(ask, ['deliveries'], { box, repeatable: true })
    return foundInBox(after, request, reply as Extract<Reply, { kind: 'deliveries' }>)
  }
}

function bucketLook({ exchange }: State, { bits, prefix }: BucketPrefix, request: number): Look {
  return async (after, limit) => {
    const ask = { kind: 'bucket-fetch', bits, prefix, after, limit } as const
    const reply = await exchange.call(ask, ['bucket'], { repeatable: true })
    return foundInBucket(after, request, reply as Extract<Reply, { kind: 'bucket' }>)
  }
}

type WatchAsk = Extract<Ask, { kind: 'watch' | 'bucket-watch' }>

function watch(state: State, ask: WatchAsk, { box, target }: CallOptions): Reply {
  const request = state.next++
  if (target === undefined) throw new RelayCarrierError('relay-carrier/bad-input')
  let look: Look
  if (ask.kind === 'bucket-watch') look = bucketLook(state, ask, request)
  else if (box !== undefined) look = boxLook(state, box, request)
  else throw new RelayCarrierError('relay-carrier/bad-input')
  const after = ask.kind === 'bucket-watch' ? ask.after : 0
  const { clock, pollMs, closed } = state
  target.numbered(request)
  state.polls.set(
    request,
    startPoll({ request, after, window: ask.window, target, clock, pollMs, closed, look }),
  )
  return { kind: 'ok', request }
}

/** Needs a connection of one's own: what is announced is not stored, and a wake without its frame saves nothing. */
function needsConnection(ask: Ask): boolean {
  return ask.kind === 'listen' || (ask.kind === 'bucket-watch' && ask.mode === 'wake')
}

function stop(state: State, number: number): void {
  state.polls.get(number)?.stop()
  state.polls.delete(number)
}

async function issue(
  state: State,
  ask: Ask,
  expect: readonly Reply['kind'][],
  options: CallOptions,
): Promise<Reply> {
  if (state.closed.aborted) throw new RelayCarrierError('relay-carrier/closed')
  if (needsConnection(ask)) throw new RelayCarrierError('relay-carrier/unsupported')
  if (ask.kind === 'watch' || ask.kind === 'bucket-watch') return watch(state, ask, options)
  if (ask.kind === 'credit') state.polls.get(ask.watch)?.credit(ask.count)
  else if (ask.kind === 'unwatch') stop(state, ask.watch)
  else return state.exchange.call(ask, expect, options)
  return { kind: 'ok', request: 0 }
}

function hopDialer(entry: Dialer, exchange: Exchange, clock: Clock, pollMs: number): Dialer {
  const closing = new AbortController()
  const state: State = { exchange, polls: new Map(), clock, pollMs, closed: closing.signal, next: 1 }
  return {
    call: <K extends Reply['kind']>(ask: Ask, expect: K | readonly K[], options: CallOptions) =>
      issue(state, ask, typeof expect === 'string' ? [expect] : expect, options) as Promise<
        Extract<Reply, { kind: K }>
      >,
    // There is no connection to lose: polls go on by themselves.
    follow: () => {},
    unfollow: () => {},
    generation: 1,
    ready: true,
    closed: closing.signal,
    forget: (number) => stop(state, number),
    close: async () => {
      closing.abort()
      for (const number of [...state.polls.keys()]) stop(state, number)
      await entry.close()
    },
  }
}

/**
 * Reaches the relay of `relay(url, { via })` through the relay at `entry`, which sees who asks and not what; the relay
 * at `url` sees what and not who.
 * @throws RelayCarrierError `relay-carrier/bad-url`, `relay-carrier/bad-input`
 */
export function throughRelay(entry: string, options: ThroughOptions): Via {
  const { key, crypto = defaultCrypto, pollMs = HOP_POLL_MS } = options
  const { href, hostname } = relayUrl(entry)
  if (key.length !== KEY_BYTES)
    throw new RelayCarrierError('relay-carrier/bad-input', { details: { keyBytes: key.length } })
  return (target, connections) => {
    const dialer = createDialer({ ...connections, url: href, host: hostname })
    const { clock } = connections
    const peer = utf8(target.host)
    const exchange = createExchange({ entry: dialer, hostname: target.hostname, peer, key, crypto, clock })
    return hopDialer(dialer, exchange, clock, pollMs)
  }
}
