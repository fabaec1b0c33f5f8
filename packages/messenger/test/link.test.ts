/** Nodes over a carrier that has a link and nothing else. */
import { memoryStore } from '@hyphae/store'
import { describe, expect, it } from 'vitest'
import { testWire } from './links.js'
import { next, nextTexts, openNode, survivingStore, until } from './nodes.js'

describe('a link alone', () => {
  it('carries a conversation, first contact and receipts', async () => {
    const wire = testWire()
    const alice = await openNode(wire.transport('alice', ['bob']))
    const bob = await openNode(wire.transport('bob', []))
    const chat = await alice.conversation(bob.id)
    const sent = await chat.send('hello over a link')
    expect((await next(bob)).text).toBe('hello over a link')
    await alice.reached(sent.id, 'delivered')
    await (await bob.conversation(alice.id)).send('and back')
    expect((await next(alice)).text).toBe('and back')
    expect(wire.sizes.filter((size) => ![128, 512, 2048, 4096].includes(size))).toEqual([])
  })

  it('carries a group', async () => {
    const wire = testWire()
    const names = ['ada', 'ben', 'cleo']
    const [ada, ben, cleo] = await Promise.all(
      names.map((name) =>
        openNode(
          wire.transport(
            name,
            names.filter((other) => other !== name),
          ),
        ),
      ),
    )
    if (ada === undefined || ben === undefined || cleo === undefined) throw new Error('three')
    const group = await ada.createGroup({ name: 'three', members: [ben.id, cleo.id] })
    await group.send('to both')
    expect((await next(ben)).text).toBe('to both')
    expect((await next(cleo)).text).toBe('to both')
    await (await ben.group(group.id)).send('from ben')
    expect((await next(ada)).text).toBe('from ben')
    expect((await next(cleo)).text).toBe('from ben')
  })

  it('loses nothing when a peer is cut off, restarts and comes back, and repeats nothing', async () => {
    const wire = testWire()
    const alice = await openNode(wire.transport('alice', ['bob']))
    const disk = survivingStore(memoryStore())
    const bob = await openNode(wire.transport('bob', []), { store: disk })
    const chat = await alice.conversation(bob.id)
    await chat.send('before')
    expect((await next(bob)).text).toBe('before')
    wire.connected = () => false
    const wanted = Array.from({ length: 5 }, (_, index) => `cut off ${index}`)
    const sent = []
    for (const text of wanted) sent.push(await chat.send(text))
    await bob.close()
    wire.connected = () => true
    const again = await openNode(wire.transport('bob', ['alice']), { store: disk })
    expect(await nextTexts(again, 5)).toEqual(wanted)
    for (const { id } of sent) await alice.reached(id, 'delivered')
    await chat.send('last')
    expect((await next(again)).text).toBe('last')
  })

  it('does not let one who is away hold up the others', async () => {
    const wire = testWire()
    const alice = await openNode(wire.transport('alice', ['bob', 'cleo']))
    const bob = await openNode(wire.transport('bob', []))
    const cleo = await openNode(wire.transport('cleo', []))
    const [toBob, toCleo] = [await alice.conversation(bob.id), await alice.conversation(cleo.id)]
    await toBob.send('known')
    await toCleo.send('known')
    await Promise.all([next(bob), next(cleo)])
    await bob.close()
    for (let index = 0; index < 100; index++) await toBob.send(`for later ${index}`)
    const sent = await toCleo.send('for now')
    expect((await next(cleo)).text).toBe('for now')
    await until(async () => (await alice.status(sent.id)).state === 'delivered')
  })
})
