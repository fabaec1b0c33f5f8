// Objects through mailboxes, between nodes that are never there at the same time.
import { type BoxKey, type Mailbox, silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { mailboxLink, openExchange } from '@hyphae/objects'
import { memoryStore } from '@hyphae/store'
import { createBoxKey } from '@hyphae/testkit'
import { memoryNetwork } from '@hyphae/transport'
import { expect, it } from 'vitest'
import { settled } from './support/nodes.js'
import { BROAD } from './support/wire.js'
import { pattern } from './support/world.js'

interface End {
  readonly link: ReturnType<typeof mailboxLink>
  readonly mailbox: Mailbox
}

async function ends(): Promise<readonly [End, End]> {
  const { mailbox } = await memoryNetwork()()({ clock: systemClock, logger: silentLogger })
  if (mailbox === undefined) throw new Error('the network has mailboxes')
  const [toAda, toBen]: [BoxKey, BoxKey] = [createBoxKey(crypto), createBoxKey(crypto)]
  const link = (peer: string, ours: BoxKey, theirs: BoxKey): End => ({
    mailbox,
    link: mailboxLink({
      mailbox,
      peers: [{ peer, ours, theirs: theirs.id }],
      randomBytes: crypto.randomBytes,
    }),
  })
  return [link('ben', toAda, toBen), link('ada', toBen, toAda)]
}

it('an object goes from box to box while only one of the two is there at a time', async () => {
  const [left, right] = await ends()
  const [mine, yours] = [memoryStore(), memoryStore()]
  const payload = pattern(50_000)
  const first = await openExchange({ store: mine })
  const { hash } = await first.publish({ payload, ttl: 86_400 })
  await first.close()
  const turn = async (name: string): Promise<boolean> => {
    const [store, { link }, peer] =
      name === 'ada' ? ([mine, left, 'ben'] as const) : ([yours, right, 'ada'] as const)
    const exchange = await openExchange({ store })
    const attached = exchange.attach({ link, traits: BROAD, peers: [peer] })
    for (let i = 0; i < 5; i++) await settled()
    await attached.detach()
    const whole = exchange.status(hash)?.complete === true
    if (whole) expect(await exchange.read(hash)).toEqual(payload)
    await exchange.close()
    return whole
  }
  let there = false
  for (let i = 0; i < 12 && !there; i++) {
    await turn('ada')
    there = await turn('ben')
  }
  expect(there).toBe(true)
})

it('a frame that was being taken when its reader went comes again', async () => {
  const [left, right] = await ends()
  const frame = new Uint8Array(128).fill(9)
  await left.link.send('ben', frame)
  for (let i = 0; i < 2; i++)
    for await (const heard of right.link.frames()) {
      expect(heard).toEqual({ peer: 'ada', frame })
      break
    }
  const stop = new AbortController()
  for await (const heard of right.link.frames({ signal: stop.signal })) {
    expect(heard.peer).toBe('ada')
    await left.link.send('ben', new Uint8Array(512))
    for await (const next of right.link.frames()) {
      expect(next.frame.length).toBe(128)
      break
    }
    break
  }
  await expect(left.link.send('nobody', frame)).rejects.toThrow(RangeError)
})
