/**
 * What is said to a relay and what it says (NIP-01, NIP-42), over whichever connection there is. Knows no socket but to
 * write to it, and believes nothing: events are handed on as they came.
 */
import type { Clock, Logger } from '@hyphae/core'
import { NostrError } from './errors.js'
import { type NostrEvent, signEvent } from './event.js'
import { type Filter, filterJson } from './filter.js'
import type { NostrKey } from './key.js'
import { KIND_AUTHENTICATION } from './kinds.js'
import type { Nostr } from './nostr.js'
import { type RelayMessage, readRelayMessage } from './relay-message.js'
import type { OpenSocket, RelaySocket } from './socket.js'

export interface RelayOptions {
  readonly url: string
  readonly nostr: Nostr
  readonly open: OpenSocket
  readonly clock: Clock
  readonly logger: Logger
  /** Uniform in [0, 1): spreads reconnects. */
  readonly random: () => number
  /** Answers a relay that asks who reads (NIP-42). */
  readonly auth?: NostrKey
}

export interface Sink {
  /** Asked for, on a new connection: what comes before `stored` lay there already. */
  asked?(): void
  /** As the relay sent it, unverified. */
  event(value: unknown): void
  /** Everything stored has come; said once for each connection. */
  stored(): void
}

export interface Pending {
  readonly event: NostrEvent
  settle(error?: unknown): void
}

export interface Subscription {
  readonly filters: readonly Filter[]
  readonly sink: Sink
}

/** One relay, connected or not. */
export interface Dialog {
  readonly options: RelayOptions
  readonly closing: AbortController
  readonly pending: Map<string, Pending>
  readonly subscriptions: Map<string, Subscription>
  /** Undefined while there is no open connection. */
  socket: RelaySocket | undefined
  heardAt: number
  nextName: number
  /** Id of the authentication under way. */
  authentication: string | undefined
  wake: () => void
}

export const PROBE = 'probe'
/** Costs the relay nothing: no event has this id. */
export const PROBE_FILTER: Filter = { ids: ['0'.repeat(64)], limit: 1 }

export function greet(state: Dialog): void {
  state.heardAt = state.options.clock.now()
  for (const [name, { filters }] of state.subscriptions) ask(state, name, filters)
  for (const { event } of state.pending.values()) send(state, ['EVENT', event])
}

export function send(state: Dialog, message: readonly unknown[]): void {
  try {
    state.socket?.send(JSON.stringify(message))
  } catch {
    // A socket that is closing: what was sent in vain is sent again on the next connection.
  }
}

export function ask(state: Dialog, name: string, filters: readonly Filter[]): void {
  if (state.socket === undefined) return
  state.subscriptions.get(name)?.sink.asked?.()
  send(state, ['REQ', name, ...filters.map(filterJson)])
}

export function heard(state: Dialog, text: string): void {
  state.heardAt = state.options.clock.now()
  const message = readRelayMessage(text)
  if (message === null) return
  switch (message.kind) {
    case 'event':
      state.subscriptions.get(message.subscription)?.sink.event(message.event)
      break
    case 'stored':
      if (message.subscription === PROBE) send(state, ['CLOSE', PROBE])
      else state.subscriptions.get(message.subscription)?.sink.stored()
      break
    case 'ended':
      ended(state, message.subscription, message.reason)
      break
    case 'answer':
      answered(state, message)
      break
    case 'challenge':
      authenticate(state, message.challenge)
      break
  }
}

const asksForKey = (reason: string): boolean => reason.startsWith('auth-required:')

/** A subscription the relay has ended: asked for again once it knows who asks, else left to the other relays. */
function ended(state: Dialog, name: string, reason: string): void {
  if (!state.subscriptions.has(name) || (asksForKey(reason) && state.options.auth !== undefined)) return
  state.options.logger.warn('nostr: a relay ended a subscription', { relay: state.options.url })
  // For whoever waits for the end of what is stored, this is it.
  state.subscriptions.get(name)?.sink.stored()
}

function authenticate(state: Dialog, challenge: string): void {
  const { auth, clock, nostr, url } = state.options
  if (auth === undefined) return
  const event = signEvent(nostr, auth, {
    kind: KIND_AUTHENTICATION,
    created_at: Math.floor(clock.now() / 1000),
    tags: [
      ['relay', url],
      ['challenge', challenge],
    ],
    content: '',
  })
  state.authentication = event.id
  send(state, ['AUTH', event])
}

function answered(state: Dialog, { id, accepted, reason }: RelayMessage & { kind: 'answer' }): void {
  if (id === state.authentication) {
    state.authentication = undefined
    if (accepted) greet(state)
    else
      state.options.logger.warn('nostr: a relay refused to be authenticated to', { relay: state.options.url })
    return
  }
  const pending = state.pending.get(id)
  if (accepted) pending?.settle()
  // Sent again by `greet` once the relay has accepted who we are.
  if (accepted || pending === undefined || (asksForKey(reason) && state.options.auth !== undefined)) return
  const later = reason.startsWith('rate-limited:') || reason.startsWith('error:')
  pending.settle(new NostrError(later ? 'nostr/unreachable' : 'nostr/refused'))
}
