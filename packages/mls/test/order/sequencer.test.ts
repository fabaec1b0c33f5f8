// With a sequencer: one commit an epoch while it is honest, and no harm but delay when it is not.
import { describe, expect, it } from 'vitest'
import { encodeLogRows, SEQUENCER_MS, type Sequencer } from '../../src/order/index.js'
import { at } from '../helpers.js'
import { authenticator, epochOf, feed, hear, kinds, type Peer, peers, run, tick, want } from './peers.js'

/** Keeps the first commit of every epoch. */
function honest(): Sequencer & { readonly taken: ReadonlyMap<string, Uint8Array> } {
  const taken = new Map<string, Uint8Array>()
  return {
    taken,
    submit: async (group, parent, envelope) => {
      const slot = `${group}/${parent}`
      if (taken.has(slot)) return 'taken'
      taken.set(slot, envelope)
      return 'accepted'
    },
  }
}

async function submitAll(group: readonly Peer[], sequencerOf: (peer: Peer) => Sequencer): Promise<void> {
  for (const peer of group)
    for (const { parent, envelope } of peer.submitted.splice(0)) {
      const answer = await sequencerOf(peer).submit(peer.log.group, parent, envelope)
      await feed(peer, { kind: 'sequenced', parent, answer })
    }
}

async function live(
  group: readonly Peer[],
  sequencerOf: (peer: Peer) => Sequencer,
  ms: number,
): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    await submitAll(group, sequencerOf)
    await run(group, 500, 500)
  }
}

const sequenced = { mode: 'relay-sequenced' } as const

describe('relay-sequenced', () => {
  it('publishes nothing that the sequencer has not taken, so there are no rivals', async () => {
    const group = await peers(8, sequenced)
    for (const peer of group) await want(peer, { kind: 'update' })
    expect(group.flatMap(({ sent }) => sent)).toHaveLength(0)
    const sequencer = honest()
    await live(group, () => sequencer, 60_000)
    expect(new Set(group.map(authenticator)).size).toBe(1)
    expect(epochOf(at(group, 0))).toBe(9)
    expect(group.flatMap(({ sent }) => sent)).toHaveLength(8)
    for (const peer of group) expect(kinds(peer.events)).not.toContain('refused')
  })

  it('sends a Welcome as soon as the sequencer has taken its commit', async () => {
    const [a] = (await peers(2, sequenced)) as [Peer, Peer]
    const { invitable } = await import('./peers.js')
    const { offer } = await invitable('new', a)
    await want(a, { kind: 'add', keyPackage: offer.keyPackage })
    expect(a.welcomes).toHaveLength(0)
    await submitAll([a], honest)
    expect(a.welcomes).toHaveLength(1)
  })

  it('goes on without a sequencer that does not answer', async () => {
    const [a, b] = (await peers(2, sequenced)) as [Peer, Peer]
    await want(a, { kind: 'update' })
    await run([a, b], SEQUENCER_MS - 1_000)
    expect(epochOf(b)).toBe(1)
    await run([a, b], 2_000)
    expect(epochOf(b)).toBe(2)
    expect(authenticator(a)).toBe(authenticator(b))
  })

  it('goes on when the sequencer claims a rival that never comes', async () => {
    const [a, b] = (await peers(2, sequenced)) as [Peer, Peer]
    await want(a, { kind: 'update' })
    await submitAll([a], () => ({ submit: async () => 'taken' }))
    await run([a, b], SEQUENCER_MS + 1_000)
    expect(epochOf(b)).toBe(2)
  })

  it('falls back to the choice of all when the sequencer tells everybody that it was first', async () => {
    const group = await peers(5, sequenced)
    for (const peer of group) await want(peer, { kind: 'update' })
    await live(group, honest, 60_000)
    expect(new Set(group.map(authenticator)).size).toBe(1)
    expect(epochOf(at(group, 0))).toBe(6)
  })

  it('takes part in the choice again with a commit that the sequencer refused and sent all the same', async () => {
    const [a, b] = (await peers(2, sequenced)) as [Peer, Peer]
    await want(a, { kind: 'update' })
    const { envelope, parent } = at(a.submitted, 0)
    await feed(a, { kind: 'sequenced', parent, answer: 'taken' })
    expect(epochOf(a)).toBe(1)
    await hear(b, envelope)
    await hear(a, envelope)
    expect(authenticator(a)).toBe(authenticator(b))
    expect(epochOf(a)).toBe(2)
  })

  it('asks once: an answer that comes late or twice changes nothing', async () => {
    const [a, b] = (await peers(2, sequenced)) as [Peer, Peer]
    await want(a, { kind: 'update' })
    const { parent } = at(a.submitted, 0)
    for (const answer of ['accepted', 'accepted', 'taken'] as const)
      await feed(a, { kind: 'sequenced', parent, answer })
    expect(a.sent).toHaveLength(1)
    await tick(a)
    await hear(b, at(a.sent, 0))
    expect(authenticator(a)).toBe(authenticator(b))
  })
  it('refuses roles that are none at once, also while a commit is under way', async () => {
    const roles = { inviteRule: 'members', externalJoinRule: 'nobody' } as const
    const [a] = (await peers(2, { ...sequenced, roles })) as [Peer, Peer]
    await want(a, { kind: 'update' })
    const { log } = a
    const empty = { ...roles, creator: new Uint8Array([1]), admins: [] }
    await expect(want(a, { kind: 'roles', roles: empty })).rejects.toMatchObject({ code: 'mls/bad-argument' })
    expect(a.log).toBe(log)
    expect(encodeLogRows(a.log).length).toBeGreaterThan(0)
  })
})
