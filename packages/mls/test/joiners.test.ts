// Members who were added by one commit stand under bare nodes; their own commits fill the tree.
import { expect, it } from 'vitest'
import { type GroupState, hasUpdated, updateSelf } from '../src/index.js'
import { after, at, device, groupOf } from './helpers.js'

it('a commit shrinks as joiners update themselves, and each knows whether it has', async () => {
  const devices = Array.from({ length: 16 }, (_, i) => device(`d${i}`))
  let states = await groupOf(devices)
  expect(states.map(hasUpdated)).toEqual([true, ...new Array(15).fill(false)])
  const bare = (await updateSelf(at(devices, 15).ctx, at(states, 15))).commit.length
  for (let who = 1; who < 16; who++) {
    const { state, commit } = await updateSelf(at(devices, who).ctx, at(states, who))
    const next: GroupState[] = []
    for (const [i, { ctx }] of devices.entries())
      next.push(i === who ? state : await after(ctx, at(states, i), commit))
    states = next
  }
  expect(states.every(hasUpdated)).toBe(true)
  const filled = (await updateSelf(at(devices, 15).ctx, at(states, 15))).commit.length
  // On its own half of the tree from one ciphertext for each other member, 7, to one for each level, 3; the other
  // half is the adder's, whose path is filled.
  expect(bare - filled).toBe((7 - 3) * 82)
})
