/** Two nodes on one store that does not keep them apart. */
import { isHyphaeError, type MailboxPut } from '@hyphae/core'
import { memoryStore } from '@hyphae/store'
import { expect, it } from 'vitest'
import { memoryNetwork } from '../../src/index.js'
import { nextTexts, openNode, repeatedKeys, survivingStore, tapped } from '../nodes.js'

it('hostile 34: of two nodes on one store one is refused, and no message key is used twice', async () => {
  const net = memoryNetwork()
  const puts: MailboxPut[] = []
  const store = survivingStore(memoryStore())
  const alice = await openNode(net())
  const first = await openNode(tapped(net(), puts), { store })
  await (await first.conversation(alice.id)).send('begin')
  expect(await nextTexts(alice, 1)).toEqual(['begin'])
  await first.flush()
  const second = await openNode(tapped(net(), puts), { store })
  expect(second.deviceId).toBe(first.deviceId)

  const chats = [await first.conversation(alice.id), await second.conversation(alice.id)]
  const taken: string[] = []
  const codes = new Set<string>()
  for (let i = 0; i < 20; i++) {
    const text = `m${i}`
    await chats[i % 2]?.send(text).then(
      () => taken.push(text),
      (error) => codes.add(isHyphaeError(error) ? error.code : String(error)),
    )
  }
  expect([...codes]).toEqual(['ratchet/conflict'])
  expect(taken.length).toBeGreaterThan(0)
  expect((await nextTexts(alice, taken.length)).sort()).toEqual(taken.sort())
  expect(repeatedKeys(puts)).toBe(0)
})
