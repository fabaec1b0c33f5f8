/**
 * One relay: connected while there is something to do, again after every loss, with pauses that grow. What was subscribed
 * is subscribed anew on each connection, and what no answer came for is published anew: relays keep one copy.
 */
import { CoreError } from '@hyphae/core'
import { backoffMs } from '@hyphae/transport'
import {
  ask,
  type Dialog,
  greet,
  heard,
  type Pending,
  PROBE,
  PROBE_FILTER,
  type RelayOptions,
  type Sink,
  send,
} from './dialog.js'
import { NostrError } from './errors.js'
import type { NostrEvent } from './event.js'
import type { Filter } from './filter.js'
import { MAX_RELAY_MESSAGE_BYTES, PROBE_TIMEOUT_MS, PUBLISH_TIMEOUT_MS, SILENCE_MS } from './limits.js'
import type { RelaySocket } from './socket.js'

/** A live resource. */
export interface NostrRelay {
  readonly url: string
  /** Resolves when the relay has said OK. @throws NostrError `nostr/unreachable`, `nostr/refused`, `nostr/closed` */
  publish(event: NostrEvent, signal?: AbortSignal): Promise<void>
  /** Until the result is called. */
  subscribe(filters: readonly Filter[], sink: Sink): () => void
  close(): void
}

export function connectRelay(options: RelayOptions): NostrRelay {
  const state: Dialog = {
    options,
    closing: new AbortController(),
    pending: new Map(),
    subscriptions: new Map(),
    socket: undefined,
    heardAt: 0,
    nextName: 0,
    authentication: undefined,
    wake: () => {},
  }
  void keepConnected(state)
  return {
    url: options.url,
    publish: (event, signal) => publish(state, event, signal),
    subscribe: (filters, sink) => subscribe(state, filters, sink),
    close: () => {
      state.closing.abort()
      for (const { settle } of [...state.pending.values()]) settle(new NostrError('nostr/closed'))
      state.subscriptions.clear()
      state.socket?.close()
      state.wake()
    },
  }
}

const hasWork = ({ pending, subscriptions }: Dialog): boolean => pending.size > 0 || subscriptions.size > 0

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
      ask(state, PROBE, [PROBE_FILTER])
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
    const aborted = (): void => settle(new CoreError('core/aborted', { cause: signal?.reason }))
    const settle = (error?: unknown): void => {
      over.abort()
      signal?.removeEventListener('abort', aborted)
      if (state.pending.get(event.id) === pending) state.pending.delete(event.id)
      earlier?.settle(error)
      if (error === undefined) resolve()
      else reject(error)
    }
    const pending: Pending = { event, settle }
    signal?.addEventListener('abort', aborted, { once: true })
    state.pending.set(event.id, pending)
    state.options.clock.sleep(PUBLISH_TIMEOUT_MS, over.signal).then(
      () => settle(new NostrError('nostr/unreachable')),
      () => {},
    )
    send(state, ['EVENT', event])
    state.wake()
  })
}

function subscribe(state: Dialog, filters: readonly Filter[], sink: Sink): () => void {
  const name = `s${state.nextName++}`
  state.subscriptions.set(name, { filters, sink })
  ask(state, name, filters)
  state.wake()
  return () => {
    if (state.subscriptions.delete(name)) send(state, ['CLOSE', name])
  }
}
