/** Nodes agree with PQXDH and heal with the post-quantum ratchet, without being asked to. */

import { defaultCrypto } from '@hyphae/crypto'
import { decodeSession, sessionHealth } from '@hyphae/ratchet'
import { postQuantum } from '@hyphae/ratchet/pq'
import { memoryStore } from '@hyphae/store'
import { expect, it } from 'vitest'
import { memoryNetwork } from '../src/index.js'
import { sessionsTable } from '../src/rows.js'
import { next, openNode, survivingStore } from './nodes.js'

it('hostile 20: every session of a node is post-quantum, and reaches new epochs as people talk', async () => {
  const net = memoryNetwork()
  const store = survivingStore(memoryStore())
  const [alice, bob] = [await openNode(net(), { store }), await openNode(net())]
  const toBob = await alice.conversation(bob.id)
  await toBob.send('first')
  expect((await next(bob)).text).toBe('first')
  const toAlice = await bob.conversation(alice.id)
  for (let i = 0; i < 20; i++) {
    await toAlice.send(`bob ${i}`)
    expect((await next(alice)).text).toBe(`bob ${i}`)
    await toBob.send(`alice ${i}`)
    expect((await next(bob)).text).toBe(`alice ${i}`)
  }
  const rows = await sessionsTable.list(store, [])
  const health = rows.map(({ row }) =>
    sessionHealth(decodeSession(defaultCrypto, row.state, { pq: postQuantum })),
  )
  expect(health.length).toBeGreaterThan(0)
  expect(health.every((one) => one.postQuantum && !one.pqStalled)).toBe(true)
  expect(Math.max(...health.map((one) => one.pqEpoch ?? 0))).toBeGreaterThanOrEqual(1)
})
