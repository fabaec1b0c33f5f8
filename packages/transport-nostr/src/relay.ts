/**
 * One relay: connected while there is something to do, again after every loss, with pauses that grow. What was subscribed
 * is subscribed anew on each connection, and what no answer came for is published anew: relays keep one copy.
 */
import { CoreError } from '@hyphae/core'
import { backoffMs } from '@hyphae/transport'
import { onAbort } from './abort.js'
import { type Dialog, greet, heard, type Pending, probe, type RelayOptions, send } from './dialog.js'
import { NostrError } from './errors.js'
import type { NostrEvent } from './event.js'
import type { Filter } from './filter.js'
import {
  MAX_QUESTIONS,
  MAX_RELAY_MESSAGE_BYTES,
  PROBE_TIMEOUT_MS,
  PUBLISH_TIMEOUT_MS,
  SILENCE_MS,
  UNREACHABLE_MS,
} from './limits.js'
import { createSlots, type Slots } from './slots.js'
import type { RelaySocket } from './socket.js'
import { createSubscriptions, type Sink } from './subscriptions.js'

/** A live resource. */
export interface NostrRelay {
  readonly url: string
  /** Resolves when the relay has said OK. @throws NostrError `nostr/unreachable`, `nostr/refused`, `nostr/closed` */
  publish(event: NostrEvent, signal?: AbortSignal): Promise<void>
  /** Until the result is called. */
  subscribe(filter: Filter, sink: Sink): () => void
  readonly isOpen: () => boolean
  /** How many questions it is asked at once. */
  readonly slots: Slots
  close(): void
}

export function connectRelay(options: RelayOptions): NostrRelay {
  const { clock, random } = options
  const state: Dialog = {
    options,
    closing: new AbortController(),
    pending: new Map(),
    subscriptions: createSubscriptions({
      clock,
      random,
      isOpen: () => state.socket !== undefined,
      send: (message) => send(state, message),
    }),
    slots: createSlots(MAX_QUESTIONS),
    socket: undefined,
    heardAt: 0,
    authentication: undefined,
    wake: () => {},
  }
  void keepConnected(state)
  return {
    url: options.url,
    publish: (event, signal) => publish(state, event, signal),
    subscribe: (filter, sink) => {
      const stop = state.subscriptions.add(filter, sink)
      state.wake()
      return stop
    },
    isOpen: () => state.socket !== undefined,
    slots: state.slots,
    close: () => {
      state.closing.abort()
      for (const { settle } of [...state.pending.values()]) settle(new NostrError('nostr/closed'))
      state.subscriptions.clear()
      state.socket?.close()
      state.wake()
    },
  }
}

const hasWork = ({ pending, subscriptions }: Dialog): boolean => pending.size > 0 || subscriptions.size() > 0

async function keepConnected(state: Dialog): Promise<void> {
  const { clock, random } = state.options
  let failures = 0
  while (!state.closing.signal.aborted) {
    if (!hasWork(state)) {
      await new Promise<void>((resolve) => {
        state.wake = resolve
      })
      continue
    }
    const opened = await oneConnection(state)
    failures = opened ? 0 : failures + 1
    await clock.sleep(backoffMs(failures, random), state.closing.signal, true).catch(() => {})
  }
}

/** Dials, and resolves when the connection is gone: whether it was ever open. */
async function oneConnection(state: Dialog): Promise<boolean> {
  const { url, open, logger } = state.options
  const over = new AbortController()
  let opened = false
  await new Promise<void>((gone) => {
    let socket: RelaySocket | undefined
    try {
      socket = open(url, {
        opened: () => {
          opened = true
          state.socket = socket
          greet(state)
          void watchSilence(state, over.signal, gone)
        },
        received: (text) => {
          if (text === null || text.length > MAX_RELAY_MESSAGE_BYTES) socket?.close()
          else heard(state, text)
        },
        closed: () => gone(),
      })
    } catch {
      logger.warn('nostr: a connection could not be begun', { relay: url })
      gone()
    }
    if (state.closing.signal.aborted) socket?.close()
  })
  over.abort()
  state.socket?.close()
  state.socket = undefined
  state.authentication = undefined
  return opened
}

/** A connection that died unnoticed, as while a machine slept, says nothing any more: it is asked, then dropped. */
async function watchSilence(state: Dialog, over: AbortSignal, gone: () => void): Promise<void> {
  const { clock, logger, url } = state.options
  try {
    for (;;) {
      await clock.sleep(SILENCE_MS, over, true)
      if (clock.now() - state.heardAt < SILENCE_MS) continue
      const before = state.heardAt
      probe(state)
      await clock.sleep(PROBE_TIMEOUT_MS, over, true)
      if (state.heardAt !== before) continue
      logger.warn('nostr: a relay fell silent', { relay: url })
      gone()
      return
    }
  } catch {
    // The connection is over.
  }
}

function publish(state: Dialog, event: NostrEvent, signal: AbortSignal | undefined): Promise<void> {
  if (state.closing.signal.aborted) return Promise.reject(new NostrError('nostr/closed'))
  if (signal?.aborted) return Promise.reject(new CoreError('core/aborted', { cause: signal.reason }))
  const earlier = state.pending.get(event.id)
  return new Promise((resolve, reject) => {
    const over = new AbortController()
    const unheed = onAbort(signal, () => settle(new CoreError('core/aborted', { cause: signal?.reason })))
    const settle = (error?: unknown): void => {
      over.abort()
      unheed()
      if (state.pending.get(event.id) === pending) state.pending.delete(event.id)
      earlier?.settle(error)
      if (error === undefined) resolve()
      else reject(error)
    }
    const pending: Pending = { event, settle }
    state.pending.set(event.id, pending)
    giveUp(state, over.signal).then(
      () => settle(new NostrError('nostr/unreachable')),
      () => {},
    )
    send(state, ['EVENT', event])
    state.wake()
  })
}

/** Resolves when an answer is not to be expected any more. */
async function giveUp(state: Dialog, over: AbortSignal): Promise<void> {
  const { clock } = state.options
  await clock.sleep(UNREACHABLE_MS, over)
  if (state.socket !== undefined) await clock.sleep(PUBLISH_TIMEOUT_MS - UNREACHABLE_MS, over)
}
