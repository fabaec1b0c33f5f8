import { silentLogger } from '@hyphae/core'
import { type VirtualClock, virtualClock } from '@hyphae/testkit'
import { relay, type WebSocketLike } from '@hyphae/transport-relay'
import { encodeReplies } from '@hyphae/transport-relay/wire'
import { describe, expect, it } from 'vitest'

const CLIENTS = 40
const BOX = { id: new Uint8Array(32), sign: () => new Uint8Array(64) } as never

/** A relay that is away until it is back; every attempt to reach it is noted. */
function outage(clock: VirtualClock) {
  const attempts: number[] = []
  const state = { away: true, open: 0 }
  class Socket implements WebSocketLike {
    binaryType = ''
    onmessage: ((event: never) => void) | null = null
    onerror: ((event: never) => void) | null = null
    onclose: ((event: never) => void) | null = null
    constructor() {
      attempts.push(clock.now())
      queueMicrotask(() => {
        if (state.away) (this.onclose as ((event: unknown) => void) | null)?.({})
        else {
          state.open += 1
          const hello = encodeReplies([{ kind: 'hello', request: 0, challenge: new Uint8Array(32) }])
          const data = hello.buffer.slice(hello.byteOffset, hello.byteOffset + hello.byteLength)
          ;(this.onmessage as ((event: unknown) => void) | null)?.({ data })
        }
      })
    }
    send(): void {}
    close(): void {}
  }
  return { attempts, state, Socket }
}

/** Deterministic, and another for each client. */
function randomOf(seed: number): () => number {
  let state = seed * 2_654_435_761
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return Math.abs(state) / 2 ** 32
  }
}

/** The most that fall into one stretch of `width` ms. */
function crowd(times: readonly number[], width: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  let most = 0
  let first = 0
  sorted.forEach((time, i) => {
    while (time - (sorted[first] as number) >= width) first += 1
    most = Math.max(most, i - first + 1)
  })
  return most
}

describe('hostile 54: after an outage', () => {
  it('clients come back spread over time, slower and slower, and all of them within seconds of its end', async () => {
    const clock = virtualClock()
    const { attempts, state, Socket } = outage(clock)
    const stop = new AbortController()
    for (let i = 0; i < CLIENTS; i++) {
      const make = relay('ws://127.0.0.1:1', { WebSocket: Socket as never, random: randomOf(i + 1) })
      const carrier = await make({ clock, logger: silentLogger })
      void carrier.mailbox.watch(BOX, { signal: stop.signal })[Symbol.asyncIterator]().next()
    }
    const began = clock.now()
    await clock.advance(60_000)
    const late = attempts.filter((at) => at > began + 30_000)
    // Half to all of 8 s each: between 3 and 8 attempts a client in half a minute.
    expect(late.length / CLIENTS).toBeGreaterThan(3)
    expect(late.length / CLIENTS).toBeLessThan(8)
    expect(crowd(late, 200)).toBeLessThan(CLIENTS / 5)
    state.away = false
    await clock.advance(8_000)
    expect(state.open).toBe(CLIENTS)
    stop.abort()
  })
})
