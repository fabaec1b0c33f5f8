import { defineContent } from '@hyphae/content'
import { isHyphaeError, MAX_TEXT_CHARACTERS } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { accountFromSeed, accountId } from '@hyphae/identity'
import { memoryStore } from '@hyphae/store'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { createMessenger, memoryNetwork } from '../src/index.js'
import { next, nextTexts, openNode, survivingStore } from './nodes.js'

describe('conversations', () => {
  it('runs the first five minutes as the design has them', async () => {
    const net = memoryNetwork()
    const alice = await createMessenger({ transports: [net()] })
    const bob = await createMessenger({ transports: [net()] })
    const chat = await alice.conversation(bob.id)
    await chat.send('hello')
    const shown: (string | undefined)[] = []
    for await (const message of bob.messages()) {
      shown.push(message.text)
      break
    }
    expect(shown).toEqual(['hello'])
    await Promise.all([alice.close(), bob.close()])
  })

  it('talks both ways, with authenticated senders and causal parents', async () => {
    const net = memoryNetwork()
    const [alice, bob] = [await openNode(net()), await openNode(net())]
    const toBob = await alice.conversation(bob.id)
    await toBob.send('one')
    const one = await next(bob)
    expect(one).toMatchObject({
      text: 'one',
      from: alice.id,
      device: alice.deviceId,
      type: 'text',
      missing: [],
      redelivered: false,
    })
    const toAlice = await bob.conversation(alice.id)
    await toAlice.send('two')
    const two = await next(alice)
    expect(two).toMatchObject({ text: 'two', from: bob.id, parents: [one.id] })
    const texts = (await toBob.history()).map((message) => [message.direction, message.text])
    expect(texts).toEqual([
      ['out', 'one'],
      ['in', 'two'],
    ])
    expect(toBob.safetyNumber()).toBe(toAlice.safetyNumber())
  })

  it('keeps order over many messages both ways at once', async () => {
    const net = memoryNetwork()
    const [alice, bob] = [await openNode(net()), await openNode(net())]
    const [toBob, toAlice] = [await alice.conversation(bob.id), await bob.conversation(alice.id)]
    const wanted = Array.from({ length: 40 }, (_, i) => `m${i}`)
    await Promise.all([
      ...wanted.map((text) => toBob.send(text)),
      ...wanted.map((text) => toAlice.send(text)),
    ])
    const [atBob, atAlice] = await Promise.all([nextTexts(bob, 40), nextTexts(alice, 40)])
    expect(atBob).toEqual(wanted)
    expect(atAlice).toEqual(wanted)
  })

  it('converges on one session when both write first', async () => {
    const net = memoryNetwork()
    const [alice, bob] = [await openNode(net()), await openNode(net())]
    const [toBob, toAlice] = await Promise.all([alice.conversation(bob.id), bob.conversation(alice.id)])
    await Promise.all([toBob.send('from alice'), toAlice.send('from bob')])
    expect((await next(bob)).text).toBe('from alice')
    expect((await next(alice)).text).toBe('from bob')
    for (let round = 0; round < 3; round++) {
      await toBob.send(`a${round}`)
      expect((await next(bob)).text).toBe(`a${round}`)
      await toAlice.send(`b${round}`)
      expect((await next(alice)).text).toBe(`b${round}`)
    }
  })

  it('goes on in the other’s session when its own handshake was lost, and sends again what was lost', async () => {
    for (let round = 0; round < 4; round++) {
      const net = memoryNetwork()
      let lost = false
      const alice = await openNode(async (components) => {
        const carrier = await net()(components)
        const mailbox = carrier.mailbox
        if (mailbox === undefined) throw new Error('the network has mailboxes')
        // The first put is the handshake and the message after it: the carrier takes them and loses them.
        const put: typeof mailbox.put = async (items, options) => {
          if (lost) return mailbox.put(items, options)
          lost = true
        }
        return { ...carrier, mailbox: { put, fetch: mailbox.fetch, watch: mailbox.watch } }
      })
      const bob = await openNode(net())
      const toBob = await alice.conversation(bob.id)
      await toBob.send('lost')
      await alice.flush()
      const toAlice = await bob.conversation(alice.id)
      await toAlice.send('one')
      await toAlice.send('two')
      expect(await nextTexts(alice, 2)).toEqual(['one', 'two'])
      await toBob.send('heard again')
      expect((await nextTexts(bob, 2)).sort()).toEqual(['heard again', 'lost'])
    }
  })

  it('tells how far a message got, and never more', async () => {
    const net = memoryNetwork()
    const [alice, bob] = [await openNode(net()), await openNode(net())]
    const chat = await alice.conversation(bob.id)
    const sent = await chat.send('hello')
    expect(sent.state).toBe('queued')
    await alice.reached(sent.id, 'delivered')
    expect((await alice.status(sent.id)).delivered).toEqual([bob.id])
    const message = await next(bob)
    await bob.flush()
    await (await bob.conversation(alice.id)).markRead([message.id])
    await alice.reached(sent.id, 'read')
    expect((await alice.status(sent.id)).state).toBe('read')
    await expect(alice.status(message.parents[0] ?? ('00'.repeat(16) as never))).rejects.toMatchObject({
      code: 'messenger/unknown-message',
    })
  })

  it('carries the longest text in fragments, and refuses one character more', async () => {
    const net = memoryNetwork()
    const [alice, bob] = [await openNode(net()), await openNode(net())]
    const chat = await alice.conversation(bob.id)
    const longest = '蘑'.repeat(MAX_TEXT_CHARACTERS)
    await chat.send(longest)
    expect((await next(bob)).text).toBe(longest)
    await expect(chat.send(`${longest}!`)).rejects.toSatisfy((error) => isHyphaeError(error))
    await chat.send('still works')
    expect((await next(bob)).text).toBe('still works')
  })

  it('uses small frames in thin mode', async () => {
    const net = memoryNetwork()
    const sizes: number[] = []
    const alice = await openNode(
      async (components) => {
        const carrier = await net()(components)
        const mailbox = carrier.mailbox
        if (mailbox === undefined) throw new Error('the network has mailboxes')
        return {
          ...carrier,
          mailbox: {
            fetch: mailbox.fetch,
            watch: mailbox.watch,
            put: (items) => {
              sizes.push(...items.map((item) => item.frame.length))
              return mailbox.put(items)
            },
          },
        }
      },
      { mode: 'thin' },
    )
    const bob = await openNode(net())
    await (await alice.conversation(bob.id)).send('hi')
    expect((await next(bob)).text).toBe('hi')
    expect(sizes).toEqual([2048, 128])
  })

  it('carries content types of an app’s own, and keeps those it does not know', async () => {
    const move = defineContent({
      type: 'com.example/chess-move',
      schema: v.object({ from: v.string(), to: v.string() }),
    })
    const net = memoryNetwork()
    const alice = await openNode(net(), { content: [move] })
    const bob = await openNode(net(), { content: [move] })
    const old = await openNode(net())
    const body = { from: 'e2', to: 'e4' }
    await (await alice.conversation(bob.id)).send({ type: 'com.example/chess-move', body })
    expect(await next(bob)).toMatchObject({ type: 'com.example/chess-move', body, text: undefined })
    await (await alice.conversation(old.id)).send({ type: 'com.example/chess-move', body })
    const unknown = await next(old)
    expect(unknown).toMatchObject({ type: 'com.example/chess-move', body: undefined })
    expect(unknown.raw?.length).toBeGreaterThan(0)
    await expect(
      (await alice.conversation(bob.id)).send({ type: 'com.example/chess-move', body: { from: 1 } }),
    ).rejects.toMatchObject({ code: 'content/invalid-body' })
  })

  it('says plainly whom it cannot reach', async () => {
    const net = memoryNetwork()
    const alice = await openNode(net())
    const nobody = accountId(accountFromSeed(defaultCrypto, new Uint8Array(32).fill(7)).signing.publicKey)
    await expect(alice.conversation(nobody)).rejects.toMatchObject({
      code: 'messenger/unknown-account',
      retryable: true,
    })
    await expect(alice.conversation(alice.id)).rejects.toMatchObject({ code: 'messenger/own-account' })
    const mistyped = `${alice.id.slice(0, -1)}${alice.id.endsWith('x') ? 'q' : 'x'}`
    await expect(alice.conversation(mistyped)).rejects.toMatchObject({
      code: 'identity/bad-account-id',
    })
    await expect(createMessenger({ transports: [] })).rejects.toMatchObject({
      code: 'messenger/no-transport',
    })
  })

  it('has one reader of messages() at a time, and refuses work once closed', async () => {
    const net = memoryNetwork()
    const [alice, bob] = [await openNode(net()), await openNode(net())]
    const chat = await alice.conversation(bob.id)
    const reader = alice.messages()
    expect(() => alice.messages()).toThrowError(
      expect.objectContaining({ code: 'messenger/already-reading' }),
    )
    await reader.return?.()
    await alice.close()
    await expect(chat.send('late')).rejects.toMatchObject({ code: 'messenger/closed' })
  })

  it('an account is given by its seed, and a store keeps to it', async () => {
    const net = memoryNetwork()
    const seed = new Uint8Array(32).fill(9)
    const expected = accountId(accountFromSeed(defaultCrypto, seed).signing.publicKey)
    const disk = survivingStore(memoryStore())
    const node = await openNode(net(), { account: seed, store: disk })
    expect(node.id).toBe(expected)
    await node.close()
    const other = { transports: [net()], store: disk, account: new Uint8Array(32).fill(8) }
    await expect(createMessenger(other)).rejects.toMatchObject({ code: 'messenger/account-mismatch' })
    const short = { transports: [net()], account: new Uint8Array(31) }
    await expect(createMessenger(short)).rejects.toMatchObject({ code: 'identity/bad-seed' })
  })
})
