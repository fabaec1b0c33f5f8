/** Over a store that seals its records and hides its keys (spec/store.md): the same, and nothing of it in clear. */
import { encryptedStore } from '@hyphae/store'
import { expect, it } from 'vitest'
import { postQuantum } from '../../src/pq.js'
import { coreOf } from '../../src/session.js'
import { openSessions } from '../../src/sessions.js'
import { accept, backup, begin, bundleOf, newNode, type TestNode, talk, testClock } from './support.js'

const KEY = new Uint8Array(32).fill(9)

/** Opens what the node's engine holds through encryption. */
async function reopen(node: TestNode): Promise<void> {
  node.store = await encryptedStore(node.engine, { key: KEY })
  node.sessions = await openSessions({ ...node.options, store: node.store })
}

it('sessions, prekeys, pins and tags work over an encrypting store, over restarts', async () => {
  const clock = testClock()
  const pq = { pq: postQuantum }
  const [alice, bob] = [await newNode('alice', clock, pq), await newNode('bob', clock, pq)]
  for (const node of [alice, bob]) await reopen(node)
  await accept(bob, alice, (await begin(alice, bob, await bundleOf(bob))).handshake)
  for (let round = 0; round < 3; round++) {
    expect(await talk(alice, bob, `one ${round}`)).toBe(`one ${round}`)
    expect(await talk(bob, alice, `two ${round}`)).toBe(`two ${round}`)
    for (const node of [alice, bob]) await reopen(node)
  }
  const [session] = await bob.sessions.list(bob.store, 'alice')
  if (session === undefined) throw new Error('there is one')
  const { rootKey, facts } = coreOf(session.session)
  const stored = Buffer.concat((await backup(bob)).flatMap(({ key, value }) => [key, value]))
  for (const secret of [rootKey, facts.mailboxSecret, alice.device.peer.signing, Buffer.from('alice')]) {
    expect(stored.includes(Buffer.from(secret))).toBe(false)
  }
})
