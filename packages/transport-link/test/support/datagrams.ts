/** Two ports of datagrams in virtual time, with a network between them that does as its plan says. */
import type { Clock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type Pace, UDP_PACE } from '../../src/arq/pace.js'
import { createStreams, type Streams } from '../../src/arq/port.js'
import type { ByteEvents, ByteSocket } from '../../src/byte-socket.js'

interface Event {
  readonly at: number
  readonly run: () => void
}

/** Nothing under test waits for more than promises, so a few turns of them are all there is between two events. */
const MICROTASKS = 20

export interface Time extends Clock {
  at(time: number, run: () => void): void
  /** Until `done`, or nothing is left to happen, or so much time has passed. */
  run(ms: number, done?: () => boolean): Promise<void>
}

export function virtualTime(): Time {
  let now = 1_700_000_000_000
  const events: Event[] = []
  const at = (time: number, run: () => void): void => {
    const index = events.findIndex((event) => event.at > time)
    events.splice(index < 0 ? events.length : index, 0, { at: time, run })
  }
  return {
    now: () => now,
    at,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const aborted = (): void => reject(new Error('aborted'))
        if (signal?.aborted) return aborted()
        signal?.addEventListener('abort', aborted, { once: true })
        at(now + ms, () => {
          signal?.removeEventListener('abort', aborted)
          resolve()
        })
      }),
    run: async (ms, done = () => false) => {
      const end = now + ms
      for (;;) {
        for (let i = 0; i < MICROTASKS; i++) await Promise.resolve()
        const next = events[0]
        if (done() || next === undefined || next.at > end) break
        events.shift()
        now = Math.max(now, next.at)
        next.run()
      }
      if (!done()) now = Math.max(now, end)
    },
  }
}

/** What becomes of a datagram: when its copies arrive, in milliseconds from now; none, if it is lost. */
export type Fate = (datagram: Uint8Array, direction: 'there' | 'back') => readonly number[]

export interface End {
  readonly socket: ByteSocket
  readonly received: number[]
  closed: number
}

export interface Network {
  readonly time: Time
  /** Where streams are dialled, and where they arrive. */
  readonly near: Streams
  readonly far: Streams
  /** As they arrived. */
  readonly accepted: End[]
  dial(): End
  /** Bytes on the wire in each direction. */
  readonly sent: { there: number; back: number }
}

export function network(fate: Fate, pace: Pace = UDP_PACE): Network {
  const time = virtualTime()
  const sent = { there: 0, back: 0 }
  const ports: { near?: Streams; far?: Streams } = {}
  const portTo = (direction: 'there' | 'back'): Streams =>
    createStreams({
      pace,
      clock: time,
      crypto,
      send: (datagram) => {
        sent[direction] += datagram.length
        const copy = datagram.slice()
        const arrive = (): void => (direction === 'there' ? ports.far : ports.near)?.heard(copy, 'them')
        for (const delay of fate(datagram, direction)) time.at(time.now() + delay, arrive)
      },
    })
  const near = portTo('there')
  const far = portTo('back')
  Object.assign(ports, { near, far })
  const accepted: End[] = []
  far.listen((open) => {
    accepted.push(endOf(open))
  })
  return { time, near, far, accepted, sent, dial: () => endOf((events) => near.dial('them', events)) }
}

function endOf(open: (events: ByteEvents) => ByteSocket): End {
  const received: number[] = []
  const end = { received, closed: 0, socket: undefined as unknown as ByteSocket }
  end.socket = open({
    received: (bytes) => {
      for (const byte of bytes) received.push(byte)
    },
    closed: () => {
      end.closed += 1
    },
  })
  return end
}

export const steady: Fate = () => [5]
