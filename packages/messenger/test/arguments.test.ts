// What a caller without a compiler gets wrong is told by name, where it is passed.
import { memoryStore } from '@hyphae/store'
import { describe, expect, it } from 'vitest'
import { createMessenger, type MessengerOptions, memoryNetwork, type SendFileOptions } from '../src/index.js'
import { next, openNode } from './nodes.js'

const options = (given: object): MessengerOptions => given as MessengerOptions

describe('arguments', () => {
  const net = memoryNetwork()

  it.each([
    ['no transports', {}, 'transports'],
    ['one instead of a list', { transports: net() }, 'transports'],
    ['a URL', { transports: ['wss://relay.example.org'] }, 'transports'],
    ['a network that was not called', { transports: [net] }, 'transports'],
    ['a store that was not awaited', { transports: [net()], store: Promise.resolve(memoryStore()) }, 'store'],
  ])('createMessenger refuses %s', async (_, given, name) => {
    const details = { name }
    await expect(createMessenger(options(given))).rejects.toMatchObject({
      code: 'messenger/bad-argument',
      details,
    })
  })

  it('calls refuse what they do not take', async () => {
    const [alice, bob] = [await openNode(net()), await openNode(net())]
    const chat = await alice.conversation(bob.id)
    const file = (given: object) => chat.sendFile(given as SendFileOptions)
    const bad = (name: string) => ({ code: 'messenger/bad-argument', details: { name } })
    await expect(alice.conversation(undefined as unknown as string)).rejects.toMatchObject(bad('account'))
    await expect(file({ data: new Uint8Array() })).rejects.toMatchObject(bad('name'))
    await expect(file({ name: 'note', data: 'text' })).rejects.toMatchObject(bad('data'))
    await expect(file({ name: 'note', data: new ArrayBuffer(4) })).rejects.toMatchObject(bad('data'))
    await chat.send('no file')
    const message = await next(bob)
    expect(() => bob.streamFile(message)).toThrow(expect.objectContaining({ code: 'messenger/not-a-file' }))
  })
})
