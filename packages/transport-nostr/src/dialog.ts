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
import type { Slots } from './slots.js'
import type { OpenSocket, RelaySocket } from './socket.js'
import type { Subscriptions } from './subscriptions.js'

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

export interface Pending {
  readonly event: NostrEvent
  settle(error?: unknown): void
}

/** One relay, connected or not. */
export interface Dialog {
  readonly options: RelayOptions
  readonly closing: AbortController
  readonly pending: Map<string, Pending>
  readonly subscriptions: Subscriptions
  /** Questions under way, and those that wait for one to end. */
  readonly slots: Slots
  /** Undefined while there is no open connection. */
  socket: RelaySocket | undefined
  heardAt: number
  /** Id of the authentication under way. */
  authentication: string | undefined
  wake: () => void
}

const PROBE = 'probe'
/** Costs the relay nothing: no event has this id. */
const PROBE_FILTER: Filter = { ids: ['0'.repeat(64)], limit: 1 }

export function greet(state: Dialog): void {
  state.heardAt = state.options.clock.now()
  state.subscriptions.askAll()
  for (const { event } of state.pending.values()) send(state, ['EVENT', event])
}

export function send(state: Dialog, message: readonly unknown[]): void {
  try {
    state.socket?.send(JSON.stringify(message))
  } catch {
    // A socket that is closing: what was sent in vain is sent again on the next connection.
  }
}

export function probe(state: Dialog): void {
  send(state, ['REQ', PROBE, filterJson(PROBE_FILTER)])
}

export function heard(state: Dialog, text: string): void {
  state.heardAt = state.options.clock.now()
  const message = readRelayMessage(text)
  if (message === null) return
  switch (message.kind) {
    case 'event':
      state.subscriptions.event(message.subscription, message.event)
      break
    case 'stored':
      if (message.subscription === PROBE) send(state, ['CLOSE', PROBE])
      else state.subscriptions.stored(message.subscription)
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

/** A subscription the relay has ended: asked for again once it knows who asks, or later. */
function ended(state: Dialog, name: string, reason: string): void {
  if (asksForKey(reason) && state.options.auth !== undefined) return
  if (state.subscriptions.ended(name))
    state.options.logger.warn('nostr: a relay ended a subscription', { relay: state.options.url })
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
