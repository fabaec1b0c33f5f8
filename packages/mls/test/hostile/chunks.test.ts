// Trees that come apart from their Welcome: whoever keeps the chunks can withhold them and nothing else.
import fc from 'fast-check'
import { encodeRatchetTree } from 'ts-mls/ratchetTree.js'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  addMembers,
  chunksWanted,
  createGroup,
  createKeyPackage,
  epochAuthenticator,
  type GroupState,
  joinGroup,
  MAX_CHUNK_BYTES,
  type TreeChunk,
  treeChunks,
  updateSelf,
} from '../../src/index.js'
import { raw } from '../attacker.js'
import { at, codeOf, type Device, device, GROUP_ID } from '../helpers.js'

const a = device('a')
/** More than two chunks of 64 leaves. */
const SIZE = 150

let devices: Device[] = []
let offers: { keyPackage: Uint8Array; secret: Uint8Array }[] = []
let added: { state: GroupState; welcome: Uint8Array }
let chunks: TreeChunk[] = []

beforeAll(async () => {
  devices = Array.from({ length: SIZE }, (_, i) => device(`d${i}`))
  offers = await Promise.all(devices.map(({ ctx, identity }) => createKeyPackage(ctx, identity)))
  const alone = await createGroup(a.ctx, a.identity, GROUP_ID)
  const keyPackages = offers.map(({ keyPackage }) => keyPackage)
  added = await addMembers(a.ctx, alone, keyPackages, 'apart')
  chunks = treeChunks(a.ctx, added.state)
})

const invitation = (i: number) => ({ ...at(offers, i), welcome: added.welcome })
const join = (i: number, given: readonly Uint8Array[]): Promise<GroupState> =>
  joinGroup(at(devices, i).ctx, { ...invitation(i), chunks: given })
const bytes = (): Uint8Array[] => chunks.map((chunk) => chunk.bytes)

describe('hostile 28: a tree apart from its Welcome', () => {
  it('is joined with all chunks in any order, and nothing else of them matters', async () => {
    expect(chunks.length).toBe(3)
    const state = await join(7, [...bytes()].reverse())
    expect(epochAuthenticator(state)).toEqual(epochAuthenticator(added.state))
    const more = await join(8, [new Uint8Array(9), ...bytes(), ...bytes()])
    expect(epochAuthenticator(more)).toEqual(epochAuthenticator(added.state))
  })

  it('is named chunk by chunk in the Welcome, which is one for all and has no tree', async () => {
    const wanted = await chunksWanted(at(devices, 3).ctx, invitation(3))
    expect(wanted).toEqual(chunks.map(({ id }) => id))
    expect(await chunksWanted(at(devices, 140).ctx, invitation(140))).toEqual(wanted)
    // About 155 bytes for each joiner, and the names.
    expect(added.welcome.length).toBeLessThan(SIZE * 200 + 1000)
    expect(await codeOf(() => joinGroup(at(devices, 3).ctx, invitation(3)))).toBe('mls/missing-chunk')
  })

  it('with a chunk missing, cut short, prolonged, changed or too large is refused', async () => {
    for (const i of chunks.keys()) {
      const others = bytes().filter((_, j) => j !== i)
      const chunk = at(bytes(), i)
      expect(await codeOf(() => join(1, others))).toBe('mls/missing-chunk')
      const flipped = chunk.map((byte, j) => (j === 40 ? byte ^ 1 : byte))
      const forged = [
        chunk.subarray(0, -1),
        Uint8Array.of(...chunk, 0),
        flipped,
        new Uint8Array(MAX_CHUNK_BYTES + 1),
      ]
      for (const bad of forged)
        expect(await codeOf(() => join(1, [...others, bad]))).toBe('mls/missing-chunk')
    }
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: chunks.length - 1 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (i, where, by) => {
          const given = bytes().map((chunk, j) =>
            j === i ? chunk.map((byte, k) => (k === where % chunk.length ? byte ^ by : byte)) : chunk,
          )
          expect(await codeOf(() => join(1, given))).toBe('mls/missing-chunk')
        },
      ),
      { numRuns: 25 },
    )
  })

  it('of another epoch is refused, though its chunks are whole', async () => {
    const update = await updateSelf(a.ctx, added.state)
    const later = treeChunks(a.ctx, update.state).map((chunk) => chunk.bytes)
    expect(await codeOf(() => join(2, later))).toBe('mls/missing-chunk')
    const tree = encodeRatchetTree(raw(a, update.state).client.ratchetTree)
    expect(await codeOf(() => joinGroup(at(devices, 2).ctx, { ...invitation(2), tree }))).toBe(
      'mls/bad-welcome',
    )
  })

  it('keeps the names of chunks that a commit has not changed', async () => {
    const update = await updateSelf(a.ctx, added.state)
    const before = new Set(chunks.map(({ id }) => `${id}`))
    const fresh = treeChunks(a.ctx, update.state).filter(({ id }) => !before.has(`${id}`))
    // The committer's leaf is in the first chunk, the middle of a tree of 256 leaves in the second.
    expect(fresh.length).toBeLessThan(chunks.length)
    expect(fresh.length).toBeGreaterThan(0)
  })

  it('may come as one ratchet_tree, as other implementations carry it', async () => {
    const tree = encodeRatchetTree(raw(a, added.state).client.ratchetTree)
    const state = await joinGroup(at(devices, 4).ctx, { ...invitation(4), tree })
    expect(epochAuthenticator(state)).toEqual(epochAuthenticator(added.state))
    expect(
      await codeOf(() => joinGroup(at(devices, 4).ctx, { ...invitation(4), tree: tree.subarray(1) })),
    ).toBe('mls/bad-welcome')
  })

  it('inside the Welcome needs no chunks', async () => {
    const b = device('b')
    const offer = await createKeyPackage(b.ctx, b.identity)
    const { welcome } = await addMembers(a.ctx, added.state, [offer.keyPackage])
    expect(await chunksWanted(b.ctx, { ...offer, welcome })).toEqual([])
  })
})
