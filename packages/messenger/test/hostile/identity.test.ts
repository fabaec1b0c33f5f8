/** A handle that suddenly names another key. */
import type { Resolver } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import {
  type AccountKeys,
  accountId,
  createAccount,
  signIdentityRecord,
  staticResolver,
} from '@hyphae/identity'
import { describe, expect, it } from 'vitest'
import { type Messenger, memoryNetwork } from '../../src/index.js'
import { next, openNode } from '../nodes.js'

const HANDLE = 'bob@example.com'

/** A resolver whose answer can be exchanged, as a lying or compromised one would do. */
function changeable(
  account: AccountKeys,
  sequence = 1,
): { resolver: Resolver; answer: (by: AccountKeys, sequence: number) => void } {
  const record = (by: AccountKeys, at: number) =>
    signIdentityRecord(defaultCrypto, by, {
      sequence: at,
      issuedAt: 1,
      devices: [],
      relays: [],
      handles: [HANDLE],
      bindings: [],
    })
  let inner = staticResolver([record(account, sequence)])
  return {
    resolver: { name: 'changeable', resolve: (handle, options) => inner.resolve(handle, options) },
    answer: (by, at) => {
      inner = staticResolver([record(by, at)])
    },
  }
}

describe('identity change', () => {
  it('hostile 18: a swapped key blocks sending by the handle until a person approves it; the old pin stays', async () => {
    const net = memoryNetwork()
    const [bobsAccount, thiefsAccount] = [createAccount(defaultCrypto), createAccount(defaultCrypto)]
    const bob = await openNode(net(), { account: bobsAccount, handles: [HANDLE] })
    const thief = await openNode(net(), { account: thiefsAccount, handles: [HANDLE] })
    const names = changeable(bobsAccount)
    const alice = await openNode(net(), { resolvers: [names.resolver] })

    const chat = await alice.conversation(HANDLE)
    expect(chat.peer).toBe(bob.id)
    await chat.send('to bob')
    expect((await next(bob)).text).toBe('to bob')

    names.answer(thiefsAccount, 9)
    await expect(alice.conversation(HANDLE)).rejects.toMatchObject({ code: 'messenger/identity-changed' })
    expect(await alice.handle(HANDLE)).toEqual({ account: bob.id, proposed: thief.id })
    // Going back to the old answer does not undo the alarm: a person decides.
    names.answer(bobsAccount, 2)
    await expect(alice.conversation(HANDLE)).rejects.toMatchObject({ code: 'messenger/identity-changed' })
    // The conversation that was open is bound to the key, not to the name.
    await chat.send('still to bob')
    expect((await next(bob)).text).toBe('still to bob')

    await expect(alice.approveIdentity(HANDLE, alice.id)).rejects.toMatchObject({
      code: 'messenger/unknown-handle',
    })
    await alice.approveIdentity(HANDLE, bob.id)
    expect((await alice.conversation(HANDLE)).peer).toBe(bob.id)

    names.answer(thiefsAccount, 10)
    await expect(alice.conversation(HANDLE)).rejects.toMatchObject({ code: 'messenger/identity-changed' })
    await alice.approveIdentity(HANDLE, thief.id)
    expect((await alice.conversation(HANDLE)).peer).toBe(thief.id)
  })

  it('hostile 18: a message from another key is shown as another account’s, never as the contact’s', async () => {
    const net = memoryNetwork()
    const bob = await openNode(net())
    const thief = await openNode(net())
    const alice = await openNode(net())
    await (await bob.conversation(alice.id)).send('I am bob')
    const genuine = await next(alice)
    await (await thief.conversation(alice.id)).send('I am bob, my key is new')
    const other = await next(alice)
    expect(genuine.from).toBe(bob.id)
    expect(other.from).toBe(thief.id)
    expect(other.place).toEqual({ kind: 'direct', peer: thief.id })
    expect(await texts(alice, bob)).toEqual(['I am bob'])
  })

  it('refuses a resolver’s record that does not claim the handle, and an unknown handle', async () => {
    const net = memoryNetwork()
    const account = createAccount(defaultCrypto)
    const silent: Resolver = { name: 'silent', resolve: async () => [new Uint8Array([1, 2, 3])] }
    const broken: Resolver = { name: 'broken', resolve: async () => Promise.reject(new Error('offline')) }
    const alice = await openNode(net(), { resolvers: [broken, silent, changeable(account).resolver] })
    await expect(alice.conversation('eve@example.com')).rejects.toMatchObject({
      code: 'messenger/unknown-handle',
    })
    await expect(alice.conversation('b\u043eb@example.com')).rejects.toMatchObject({
      code: 'identity/bad-handle',
    })
    await expect(alice.conversation(HANDLE)).rejects.toMatchObject({ code: 'messenger/unknown-account' })
    expect((await alice.handle(HANDLE))?.account).toBe(accountId(account.signing.publicKey))
  })
})

async function texts(node: Messenger, peer: Messenger): Promise<(string | undefined)[]> {
  return (await (await node.conversation(peer.id)).history()).map((message) => message.text)
}
