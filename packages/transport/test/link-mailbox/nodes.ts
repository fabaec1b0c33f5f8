/** Link mailboxes for tests: nodes on one wire in this process, which can lose, hold and cut. */
import {
  type BoxKey,
  boxId,
  type Carrier,
  type Clock,
  type Link,
  systemClock,
  type Topic,
} from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type LinkMailbox, linkMailbox } from '@hyphae/transport/link-mailbox'
import { onTestFinished } from 'vitest'

export const traits: Carrier['traits'] = {
  mtu: 4096,
  bandwidthBps: 1_000_000_000,
  latencyMs: 0,
  reliable: false,
  ordered: true,
  metered: false,
  privacy: 'direct',
}

interface Heard {
  readonly peer: string
  readonly frame: Uint8Array
}

/** What a wire does with a frame: nothing, or something else than carrying it. */
export type Judge = (from: string, to: string, frame: Uint8Array) => 'carry' | 'lose' | 'refuse' | Uint8Array

export interface Wire {
  judge: Judge
  /** Every frame that left a node. */
  readonly sent: { readonly from: string; readonly to: string; readonly frame: Uint8Array }[]
  link(name: string, peers?: readonly string[]): Link
}

export function wire(): Wire {
  const ends = new Map<string, { readonly waiting: Heard[]; wake: () => void }>()
  const self: Wire = {
    judge: () => 'carry',
    sent: [],
    link: (name, peers) => {
      const mine = { waiting: [] as Heard[], wake: () => {} }
      ends.set(name, mine)
      return {
        ...(peers && { peers: () => peers }),
        send: async (peer, frame) => {
          self.sent.push({ from: name, to: peer, frame: frame.slice() })
          const verdict = self.judge(name, peer, frame)
          const target = ends.get(peer)
          if (verdict === 'refuse' || target === undefined) throw new Error('nobody there')
          if (verdict === 'lose') return
          target.waiting.push({ peer: name, frame: verdict === 'carry' ? frame.slice() : verdict })
          target.wake()
        },
        frames: async function* (options) {
          const signal = options?.signal
          const end = (): void => mine.wake()
          signal?.addEventListener('abort', end)
          while (!signal?.aborted) {
            const next = mine.waiting.shift()
            if (next !== undefined) yield next
            else
              await new Promise<void>((resolve) => {
                mine.wake = resolve
              })
          }
        },
      }
    },
  }
  return self
}

export interface NodeOptions {
  readonly clock?: Clock
  readonly traits?: Carrier['traits']
  readonly topic?: Topic
}

/** A node that greets `peers`; ends with the test. */
export function node(
  on: Wire,
  name: string,
  peers: readonly string[] = [],
  options: NodeOptions = {},
): LinkMailbox {
  const made = linkMailbox(on.link(name, peers), {
    crypto,
    traits: options.traits ?? traits,
    clock: options.clock ?? systemClock,
    random: () => 0.5,
    ...(options.topic && { topic: options.topic }),
  })
  onTestFinished(() => made.close())
  return made
}

/** A hundred times as fast as the system's: what is waited for comes soon. */
export function hastyClock(): Clock {
  const begin = systemClock.now()
  return {
    now: () => begin + (systemClock.now() - begin) * 100,
    sleep: (ms, signal, background) => systemClock.sleep(ms / 100, signal, background),
  }
}

export function boxKey(): BoxKey {
  const key = crypto.ed25519.generate()
  return { id: boxId(key.publicKey), sign: (message) => crypto.ed25519.sign(key, message) }
}

export async function until(holds: () => boolean, patienceMs = 10_000): Promise<void> {
  for (const end = Date.now() + patienceMs; !holds(); ) {
    if (Date.now() > end) throw new Error('it did not come to pass in time')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
