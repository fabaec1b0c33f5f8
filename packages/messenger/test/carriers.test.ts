import type { Carrier, Transport } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import { createMessenger, memoryNetwork } from '../src/index.js'
import { next, nextTexts } from './nodes.js'

/** A carrier that stops storing when told so. */
function breakable(transport: Transport): { transport: Transport; break: () => void } {
  let broken = false
  return {
    break: () => {
      broken = true
    },
    transport: async (components) => {
      const carrier = await transport(components)
      const mailbox = carrier.mailbox
      if (mailbox === undefined) throw new Error('the network has mailboxes')
      const put: typeof mailbox.put = (items, options) =>
        broken ? Promise.reject(new Error('out of order')) : mailbox.put(items, options)
      return { ...carrier, mailbox: { put, fetch: mailbox.fetch, watch: mailbox.watch } } satisfies Carrier
    },
  }
}

describe('several carriers at once', () => {
  it('carry the same frames, and each message is shown once', async () => {
    const [one, two] = [memoryNetwork(), memoryNetwork()]
    const alice = await createMessenger({ transports: [one(), two()] })
    const bob = await createMessenger({ transports: [one(), two()] })
    const chat = await alice.conversation(bob.id)
    const wanted = Array.from({ length: 10 }, (_, i) => `m${i}`)
    for (const text of wanted) await chat.send(text)
    expect(await nextTexts(bob, 10)).toEqual(wanted)
    await chat.send('last')
    expect((await next(bob)).text).toBe('last')
    expect(await chat.history()).toHaveLength(11)
    await Promise.all([alice.close(), bob.close()])
  })

  it('go on when one of them fails', async () => {
    const [one, two] = [memoryNetwork(), memoryNetwork()]
    const weak = breakable(one())
    const alice = await createMessenger({ transports: [weak.transport, two()] })
    const bob = await createMessenger({ transports: [one(), two()] })
    const chat = await alice.conversation(bob.id)
    await chat.send('before')
    expect((await next(bob)).text).toBe('before')
    weak.break()
    const sent = await chat.send('after')
    expect((await next(bob)).text).toBe('after')
    await alice.reached(sent.id, 'delivered')
    await Promise.all([alice.close(), bob.close()])
  })
})

describe('messages that come before the commit they depend on', () => {
  it('are kept and shown after it', async () => {
    const net = memoryNetwork()
    let hold: (() => void) | undefined
    const held = new Promise<void>((resolve) => {
      hold = resolve
    })
    // Ada's frames wait; Ben's overtake them.
    const slow: Transport = async (components) => {
      const carrier = await net()(components)
      const mailbox = carrier.mailbox
      if (mailbox === undefined) throw new Error('the network has mailboxes')
      let slowed = false
      const put: typeof mailbox.put = async (items, options) => {
        const toCleo = items.filter((item) => late.has(Buffer.from(item.box).toString('hex')))
        if (slowed && toCleo.length > 0) {
          await mailbox.put(
            items.filter((item) => !toCleo.includes(item)),
            options,
          )
          await held
          return mailbox.put(toCleo, options)
        }
        return mailbox.put(items, options)
      }
      slowDown = () => {
        slowed = true
      }
      return { ...carrier, mailbox: { put, fetch: mailbox.fetch, watch: mailbox.watch } } satisfies Carrier
    }
    const late = new Set<string>()
    let slowDown: () => void = () => {}
    const cleosBoxes = new Set<string>()
    const cleosTransport: Transport = async (components) => {
      const carrier = await net()(components)
      const mailbox = carrier.mailbox
      if (mailbox === undefined) throw new Error('the network has mailboxes')
      const watch: typeof mailbox.watch = (box, options) => {
        cleosBoxes.add(Buffer.from(box.id).toString('hex'))
        return mailbox.watch(box, options)
      }
      return { ...carrier, mailbox: { put: mailbox.put, fetch: mailbox.fetch, watch } } satisfies Carrier
    }
    const ada = await createMessenger({ transports: [slow] })
    const ben = await createMessenger({ transports: [net()] })
    const cleo = await createMessenger({ transports: [cleosTransport] })
    const dora = await createMessenger({ transports: [net()] })
    const group = await ada.createGroup({ name: 'early', members: [ben.id, cleo.id, dora.id] })
    await group.send('ready')
    for (const node of [ben, cleo, dora]) expect((await next(node)).text).toBe('ready')
    for (const box of cleosBoxes) late.add(box)
    slowDown()
    // Cleo does not get this commit yet, but what Ben writes in the new epoch.
    await group.remove([dora.id])
    const bens = await ben.group(group.id)
    while ((await bens.members()).length > 3) await new Promise((resolve) => setTimeout(resolve, 5))
    await bens.send('from the new epoch')
    expect((await next(ada)).text).toBe('from the new epoch')
    const early = next(cleo)
    expect(
      await Promise.race([early, new Promise((resolve) => setTimeout(resolve, 200, 'nothing yet'))]),
    ).toBe('nothing yet')
    hold?.()
    expect((await early).text).toBe('from the new epoch')
    await Promise.all([ada, ben, cleo, dora].map((node) => node.close()))
  })
})
