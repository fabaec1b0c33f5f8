/** Nodes agree with PQXDH and heal with the post-quantum ratchet, without being asked to. */

import { expect, it } from 'vitest'
import { memoryNetwork } from '../src/index.js'
import { next, openNode } from './nodes.js'

it('hostile 20: every session of a node is post-quantum, and reaches new epochs as people talk', async () => {
  const net = memoryNetwork()
  const [alice, bob] = [await openNode(net()), await openNode(net())]
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
  const health = await toBob.health()
  expect(health).toMatchObject([
    { device: bob.deviceId, confirmed: true, postQuantum: true, pqStalled: false },
  ])
  expect(health[0]?.pqEpoch).toBeGreaterThanOrEqual(1)
})
