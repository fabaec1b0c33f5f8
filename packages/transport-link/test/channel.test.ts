import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type VirtualClock, virtualClock } from '@hyphae/testkit'
import { describe, expect, it } from 'vitest'
import type { ByteEvents, ByteSocket } from '../src/byte-socket.js'
import { type Channel, openChannel, type Party } from '../src/channel.js'
import { makeIdentity } from '../src/identity.js'
import { HANDSHAKE_TIMEOUT_MS, RECORD_TIMEOUT_MS } from '../src/limits.js'

function partyOn(clock: VirtualClock): Party {
  const statics = crypto.x25519.generate()
  const identity = makeIdentity(crypto, crypto.ed25519.generate(), statics.publicKey)
  return { crypto, clock, statics, identity }
}

/** Two ends of one wire in this process; `cut` is how many bytes of each write get through. */
function wire() {
  const events: ByteEvents[] = []
  const state = { cut: Number.POSITIVE_INFINITY }
  const end =
    (own: number) =>
    (given: ByteEvents): ByteSocket => {
      events[own] = given
      return {
        write: (bytes) => {
          const passed = bytes.slice(0, Math.min(bytes.length, state.cut))
          queueMicrotask(() => events[1 - own]?.received(passed))
          return true
        },
        drained: async () => {},
        pause: () => {},
        resume: () => {},
        close: () => {
          for (const one of events) queueMicrotask(() => one?.closed())
        },
      }
    }
  return { state, dial: end(0), accept: end(1) }
}

function pair(clock: VirtualClock, frames: Uint8Array[] = []) {
  const { state, dial, accept } = wire()
  const ended: string[] = []
  const options = { accept: () => true, frame: (frame: Uint8Array) => void frames.push(frame.slice()) }
  const responder = openChannel({
    ...options,
    party: partyOn(clock),
    role: 'responder',
    open: accept,
    closed: () => ended.push('responder'),
  })
  const initiator = openChannel({
    ...options,
    party: partyOn(clock),
    role: 'initiator',
    open: dial,
    closed: () => ended.push('initiator'),
  })
  return { state, ended, both: Promise.all([initiator, responder]) as Promise<[Channel, Channel]> }
}

describe('a connection', () => {
  it('hostile 39: that does not finish its handshake ends in time', async () => {
    const clock = virtualClock()
    const { state, ended, both } = pair(clock)
    state.cut = 5
    const refused = expect(both).rejects.toMatchObject({ code: 'link/unreachable' })
    await clock.advance(HANDSHAKE_TIMEOUT_MS - 1)
    expect(ended).toEqual([])
    await clock.advance(1)
    await refused
    expect(ended).toHaveLength(2)
  })

  it('hostile 39: whose record does not end is ended', async () => {
    const clock = virtualClock()
    const frames: Uint8Array[] = []
    const { state, ended, both } = pair(clock, frames)
    const [ada] = await both
    state.cut = 100
    await ada.send(crypto.randomBytes(512))
    await clock.advance(RECORD_TIMEOUT_MS - 1)
    expect(ended).toEqual([])
    await clock.advance(1)
    expect(ended).toContain('responder')
    expect(frames).toEqual([])
  })

  it('that is idle between records lives on, and leaves no sleeper behind when it ends', async () => {
    const clock = virtualClock()
    const frames: Uint8Array[] = []
    const { ended, both } = pair(clock, frames)
    const [ada] = await both
    const frame = crypto.randomBytes(512)
    await ada.send(frame)
    await clock.advance(10 * RECORD_TIMEOUT_MS)
    expect(frames).toEqual([frame])
    expect(ended).toEqual([])
    ada.close()
    await clock.advance(0)
    expect(clock.sleeping()).toBe(0)
  })
})
