// A group of 1,500, which is what the package is built for: everything that a member does in it, once.
import { describe, expect, it } from 'vitest'
import {
  addMembers,
  chunksWanted,
  createGroup,
  createKeyPackage,
  decodeGroupRows,
  encodeGroupChanges,
  encodeGroupRows,
  encryptMessage,
  epochAuthenticator,
  type GroupState,
  isActive,
  joinGroup,
  MAX_MEMBERS,
  members,
  processMessage,
  removeMembers,
  treeChunks,
  updateSelf,
} from '../src/index.js'
import { after, at, codeOf, type Device, device, GROUP_ID, text } from './helpers.js'

interface Large {
  readonly a: Device
  readonly z: Device
  readonly y: Device
  readonly sa: GroupState
  readonly sz: GroupState
  readonly sy: GroupState
}

/** The first adds everybody; the last two join with the tree from elsewhere. */
async function large(): Promise<Large> {
  const devices = Array.from({ length: MAX_MEMBERS }, (_, i) => device(`d${i}`))
  const [a, y, z] = [at(devices, 0), at(devices, MAX_MEMBERS - 2), at(devices, MAX_MEMBERS - 1)]
  const offers = []
  for (const { ctx, identity } of devices.slice(1)) offers.push(await createKeyPackage(ctx, identity))
  const alone = await createGroup(a.ctx, a.identity, GROUP_ID)
  const keyPackages = offers.map(({ keyPackage }) => keyPackage)
  const added = await addMembers(a.ctx, alone, keyPackages, 'apart')
  const store = new Map(treeChunks(a.ctx, added.state).map(({ id, bytes }) => [`${id}`, bytes]))
  const join = async (
    who: Device,
    offer: { keyPackage: Uint8Array; secret: Uint8Array },
  ): Promise<GroupState> => {
    const invitation = { ...offer, welcome: added.welcome }
    const wanted = await chunksWanted(who.ctx, invitation)
    const chunks = wanted.map((id) => store.get(`${id}`) as Uint8Array)
    return joinGroup(who.ctx, { ...invitation, chunks })
  }
  const [sz, sy] = [await join(z, at(offers, MAX_MEMBERS - 2)), await join(y, at(offers, MAX_MEMBERS - 3))]
  return { a, z, y, sa: added.state, sz, sy }
}

describe('hostile 29: a group of 1,500', () => {
  it('is created, joined, updated, written to, stored and left', { timeout: 60_000 }, async () => {
    const { a, z, y, ...states } = await large()
    let { sa, sz, sy } = states
    expect(members(sz)).toHaveLength(MAX_MEMBERS)
    expect(epochAuthenticator(sz)).toEqual(epochAuthenticator(sa))

    const extra = device('extra')
    const offer = await createKeyPackage(extra.ctx, extra.identity)
    expect(await codeOf(() => addMembers(a.ctx, sa, [offer.keyPackage]))).toBe('mls/group-full')

    const update = await updateSelf(z.ctx, sz)
    const [before, nextA, nextY] = [
      sy,
      await after(a.ctx, sa, update.commit),
      await after(y.ctx, sy, update.commit),
    ]
    ;[sa, sy, sz] = [nextA, nextY, update.state]
    expect(epochAuthenticator(sa)).toEqual(epochAuthenticator(sz))
    expect(epochAuthenticator(sy)).toEqual(epochAuthenticator(sz))

    const rows = new Map(encodeGroupRows(before).map(({ key, value }) => [key, value]))
    const write = (from: GroupState, to: GroupState): number => {
      const changes = encodeGroupChanges(from, to)
      for (const { key, value } of changes) value === null ? rows.delete(key) : rows.set(key, value)
      return changes.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
    }
    const whole = [...rows.values()].reduce((sum, value) => sum + (value?.length ?? 0), 0)
    expect(write(before, sy)).toBeLessThan(whole / 2)

    for (let i = 0; i < 3; i++) {
      const sent = await encryptMessage(a.ctx, sa, text(`to all ${i}`), text(''))
      const read = await processMessage(y.ctx, sy, sent.message)
      expect(read.event).toMatchObject({ kind: 'application', sender: { leaf: 0 } })
      // The first message of a sender derives its path; after that one row changes.
      expect(write(sy, read.state)).toBeLessThan(i === 0 ? 1000 : 200)
      ;[sa, sy] = [sent.state, read.state]
    }
    const restored = decodeGroupRows(
      y.ctx,
      [...rows].map(([key, value]) => ({ key, value })),
    )
    const more = await encryptMessage(a.ctx, sa, text('after a restart'), text(''))
    expect((await processMessage(y.ctx, restored, more.message)).event.kind).toBe('application')

    const removal = await removeMembers(a.ctx, sa, [MAX_MEMBERS - 1])
    const out = await processMessage(z.ctx, sz, removal.commit)
    expect(isActive(out.state)).toBe(false)
    const stayed = await after(y.ctx, restored, removal.commit)
    expect(epochAuthenticator(stayed)).toEqual(epochAuthenticator(removal.state))

    const again = await addMembers(y.ctx, stayed, [offer.keyPackage])
    const joined = await joinGroup(extra.ctx, { ...offer, welcome: again.welcome })
    expect(epochAuthenticator(joined)).toEqual(epochAuthenticator(again.state))
    expect(epochAuthenticator(await after(a.ctx, removal.state, again.commit))).toEqual(
      epochAuthenticator(joined),
    )
  })
})
