/** A carrier of one's own: what `linkCarrier` does for it, by the suite, and what it does with mistakes. */
import type { Link } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type LinkSubject, linkCompliance } from '@hyphae/testkit'
import { type LinkHost, linkCarrier } from '@hyphae/transport'
import { describe, expect, it } from 'vitest'
import { components } from './carriers.js'

/** A room in this process. Who waits for `received` holds its senders up. */
async function room(reliable: boolean): Promise<LinkSubject> {
  const hosts = new Map<string, LinkHost>()
  let cut = false
  const join = (me: string) =>
    linkCarrier({ name: me, traits: { reliable, ordered: true } }, (host) => {
      hosts.set(me, host)
      return {
        send: async (peer, frame) => {
          const there = hosts.get(peer)
          if (there === undefined || cut) throw new Error('nobody there')
          const taking = there.received(me, frame)
          if (reliable) await taking
        },
        close: () => void hosts.delete(me),
      }
    })(components)
  const [carrier, other] = [await join('near'), await join('far')]
  return {
    carrier,
    other,
    carrierName: 'near',
    otherName: 'far',
    stranger: 'nobody',
    cut: () => {
      cut = true
      setTimeout(() => {
        cut = false
      }, 20)
    },
    // What has the size of a frame is one: this room knows nobody.
    garble: async (bytes) => {
      const { received } = hosts.get('far') as LinkHost
      if (![128, 512, 2048, 4096].includes(bytes.length)) await received('mallory', bytes)
    },
    dispose: async () => {
      await Promise.all([carrier.close(), other.close()])
    },
  }
}

describe.each([
  ['that holds its senders up', true],
  ['that may lose', false],
])('a carrier of one’s own %s', (_name, reliable) => {
  for (const { name, run } of linkCompliance(() => room(reliable), { crypto })) it.concurrent(name, run)
})

async function plain(send: (peer: string, frame: Uint8Array, signal: AbortSignal) => Promise<void>) {
  const carrier = await linkCarrier({ name: 'plain' }, () => ({ send }))(components)
  return { carrier, link: carrier.link as Link }
}

it('an error of its own reaches the sender as a lost frame that may be sent again, with its cause', async () => {
  const cause = new Error('the modem is off')
  const { link } = await plain(() => Promise.reject(cause))
  await expect(link.send('ada', new Uint8Array(128))).rejects.toMatchObject({
    code: 'transport/lost',
    retryable: true,
    cause,
  })
})

it('a sending is told when it is no longer wanted, and when the carrier is closed', async () => {
  const signals: AbortSignal[] = []
  const { carrier, link } = await plain((_peer, _frame, signal) => {
    signals.push(signal)
    return new Promise(() => {})
  })
  const stop = new AbortController()
  const [first, second] = [
    link.send('ada', new Uint8Array(128), { signal: stop.signal }),
    link.send('ada', new Uint8Array(128)),
  ]
  const failing = Promise.allSettled([first, second])
  stop.abort()
  await expect(first).rejects.toMatchObject({ code: 'core/aborted' })
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
  await carrier.close()
  await failing
  await expect(second).rejects.toMatchObject({ code: 'transport/closed' })
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
})

it('hostile 41: an unreliable link keeps so many frames for who does not read, and drops what nobody waited for', async () => {
  let host: LinkHost | undefined
  const carrier = await linkCarrier({ name: 'plain' }, (given) => {
    host = given
    return { send: async () => {} }
  })(components)
  for (let number = 0; number < 10_000; number++) void host?.received('ada', new Uint8Array(4096))
  await carrier.close()
  let kept = 0
  for await (const _ of (carrier.link as Link).frames()) kept += 1
  expect(kept).toBe(64)
})

it('a carrier says modest things of itself unless it knows better', async () => {
  const { carrier } = await plain(async () => {})
  expect(carrier.traits).toMatchObject({ reliable: false, ordered: false, mtu: 4096 })
  expect(carrier.link?.peers).toBeUndefined()
})
