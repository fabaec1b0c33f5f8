// A full group. The limit is lowered for this file: nobody needs 1,500 devices to see it hold.
import { describe, expect, it, vi } from 'vitest'
import { buildCommit } from '../src/commit.js'
import { addMembers, createKeyPackage, type GroupState, joinGroup, processMessage } from '../src/index.js'
import { add, raw, rawCommit, rawPath } from './attacker.js'
import { at, codeOf, device, groupOf } from './helpers.js'

const limit = vi.hoisted(() => ({ members: 3 }))

vi.mock('../src/limits.js', async (original) => {
  const real = await original<typeof import('../src/limits.js')>()
  return {
    ...real,
    get MAX_MEMBERS() {
      return limit.members
    },
  }
})

describe('hostile 29: a group with as many members as it may have', () => {
  it('takes no more: not by its own commit, not by another member, not by a Welcome', async () => {
    limit.members = 3
    const [a, b] = [device('a'), device('b')]
    const states = await groupOf([a, b, device('c')])
    const d = device('d')
    const offer = await createKeyPackage(d.ctx, d.identity)
    const [sa, sb] = [at(states, 0), at(states, 1)]
    expect(await codeOf(() => addMembers(a.ctx, sa, [offer.keyPackage]))).toBe('mls/group-full')
    const path = (await rawPath(a, sa)).path
    const message = await rawCommit(a, sa, { proposals: [add(offer.keyPackage)], path })
    expect(await codeOf(() => processMessage(b.ctx, sb, message))).toBe('mls/group-full')
    limit.members = 4
    const built = await buildCommit(a.ctx, raw(a, sa), { proposals: [add(offer.keyPackage)] })
    const welcome = built.welcome as Uint8Array
    const join = (): Promise<GroupState> => joinGroup(d.ctx, { ...offer, welcome })
    limit.members = 3
    expect(await codeOf(join)).toBe('mls/group-full')
    limit.members = 4
    expect(await codeOf(join)).toBe('no error')
  })
})
