// Mail out of order: early, late, repeated, reversed, and from branches that lose.
import { describe, expect, it } from 'vitest'
import { decodeEnvelope, encodeEnvelope } from '../../src/order/envelope.js'
import {
  decodeLogRows,
  encodeLogRows,
  HORIZON,
  MAX_EARLY,
  MAX_HELD,
  MAX_HISTORY,
} from '../../src/order/index.js'
import { custom, rawProposal } from '../attacker.js'
import { at } from '../helpers.js'
import { evilCommit } from './evil.js'
import {
  authenticator,
  commit,
  epochOf,
  hear,
  invite,
  keyOf,
  kinds,
  names,
  type Peer,
  peers,
  settle,
  shown,
  stateOf,
  want,
  write,
} from './peers.js'

async function pair(): Promise<[Peer, Peer]> {
  return (await peers(2)) as [Peer, Peer]
}

describe('messages', () => {
  it('are shown once, in any order, also when 260 are missing before one', async () => {
    const [a, b] = await pair()
    const words = Array.from({ length: 261 }, (_, i) => `${i}`)
    const mail: Uint8Array[] = []
    for (const word of words) mail.push(await write(a, word))
    await hear(b, at(mail, 260))
    expect(shown(b)).toEqual(['260'])
    for (const envelope of mail) await hear(b, envelope)
    expect(shown(b)).toHaveLength(261)
    expect(new Set(shown(b))).toEqual(new Set(words))
  })

  it('too far ahead wait for those before them', async () => {
    const [a, b] = await pair()
    const mail: Uint8Array[] = []
    for (let i = 0; i < 400; i++) mail.push(await write(a, `${i}`))
    for (const envelope of mail.toReversed()) await hear(b, envelope)
    expect(new Set(shown(b)).size).toBe(400)
    expect(shown(b)).toHaveLength(400)
  })

  it('wait for the commit of their epoch, and for those before it', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    for (const word of ['one', 'two', 'three']) {
      await hear(b, await commit(a))
      await write(a, word)
    }
    for (const envelope of a.sent.toReversed()) await hear(c, envelope)
    expect(new Set(shown(c))).toEqual(new Set(['one', 'two', 'three']))
    expect(authenticator(c)).toBe(authenticator(a))
    expect(c.log.early).toHaveLength(0)
  })

  it('of a branch that loses are shown, once, before and after it has lost', async () => {
    const group = (await peers(4)) as [Peer, Peer, Peer, Peer]
    const [a, b, c, d] = group
    const removal = (await evilCommit(b.device, stateOf(b), { remove: [3] })).envelope
    const lost = await commit(a)
    const [early, late] = [await write(a, 'early'), await write(a, 'late')]
    for (const envelope of [lost, early, removal]) await hear(c, envelope)
    expect(c.events.at(-1)).toMatchObject({ kind: 'epoch', rewound: 1 })
    for (const envelope of [early, late, lost]) await hear(c, envelope)
    expect(shown(c)).toEqual(['early', 'late'])
    expect(d.log.tip).not.toBe(c.log.tip)
  })

  it('of this member on a branch that loses are named to it', async () => {
    const group = (await peers(4)) as [Peer, Peer, Peer, Peer]
    const [a, b] = group
    const removal = (await evilCommit(b.device, stateOf(b), { remove: [3] })).envelope
    await commit(a)
    await write(a, 'one')
    await write(a, 'two')
    const ids = a.events.flatMap((event) => (event.kind === 'sent' ? [event.id] : []))
    const events = await hear(a, removal)
    expect(events).toContainEqual({ kind: 'stranded', ids })
  })

  it('that were sent before a commit are read after it', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    const crossing = await write(b, 'crossing')
    await hear(c, await commit(a))
    await hear(c, crossing)
    expect(shown(c)).toEqual(['crossing'])
  })

  it('of an epoch that has left the horizon are late', async () => {
    const [a, b] = await pair()
    const old = await write(a, 'old')
    for (let i = 0; i < 6; i++) await hear(b, await invite(a, `${i}`))
    expect(await hear(b, old)).toEqual([expect.objectContaining({ kind: 'late', epoch: 1 })])
    expect(b.log.stall).toBeNull()
    expect(b.log.history.length).toBeLessThanOrEqual(MAX_HISTORY)
  })

  it('hostile 26: of a removed member are refused, in the epochs too in which it had the keys', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    const before = await write(c, 'before')
    const removal = await commit(a, { kind: 'remove', signatureKey: keyOf(c) })
    await hear(c, removal)
    await hear(b, removal)
    await hear(b, before)
    expect(shown(b)).toEqual([])
    expect(kinds(c.events)).toContain('removed')
    const forged = decodeEnvelope(c.ctx.mls.crypto, before)
    await hear(b, encodeEnvelope('application', b.log.tip, forged.body))
    expect(b.events.at(-1)).toMatchObject({ kind: 'refused' })
    await hear(c, await write(a, 'we are alone'))
    expect(shown(c)).toEqual([])
  })

  it('of a member whose removal loses are shown then, once, also after a restart', async () => {
    const group = (await peers(5)) as [Peer, Peer, Peer, Peer, Peer]
    const [a, b, c, d, e] = group
    const removal = await commit(a, { kind: 'remove', signatureKey: keyOf(d) })
    const update = await commit(b)
    const said = [await write(d, 'before')]
    for (const peer of [c, d]) await hear(peer, update)
    said.push(await write(d, 'between'))
    for (const envelope of [removal, update, ...said, ...said]) await hear(e, envelope)
    expect(names(e)).not.toContain('d')
    expect(shown(e)).toEqual([])
    expect(e.events.filter(({ kind }) => kind === 'refused')).toHaveLength(2)
    e.log = decodeLogRows(e.ctx.mls, encodeLogRows(e.log))
    const child = await commit(c)
    for (const envelope of [child, ...said, ...said]) await hear(e, envelope)
    expect(names(e)).toContain('d')
    expect(shown(e).sort()).toEqual(['before', 'between'])
    expect(e.log.held).toEqual([])
  })

  it('of a removed member are kept for that up to a limit, and not beyond the horizon', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    for (const peer of [a, b]) expect(peer.log.held).toEqual([])
    const removal = await commit(a, { kind: 'remove', signatureKey: keyOf(c) })
    await hear(b, removal)
    for (let i = 0; i < MAX_HELD + 3; i++) await hear(b, await write(c, `${i}`))
    expect(b.log.held).toHaveLength(MAX_HELD)
    expect(b.log.refused).toHaveLength(3)
    for (let i = 0; i < HORIZON; i++) await hear(b, await invite(a, `${i}`))
    expect(b.log.held).toEqual([])
    expect(shown(b)).toEqual([])
  })
})

describe('a member that was offline for 50 commits', () => {
  it.each(['in order', 'reversed'])('follows when they come %s', async (order) => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    const mail: Uint8Array[] = []
    for (let i = 0; i < 50; i++) {
      const [from, to] = i % 2 === 0 ? [a, b] : [b, a]
      mail.push(await commit(from))
      mail.push(await write(from, `${i}`))
      await hear(to, at(mail, mail.length - 2))
    }
    for (const envelope of order === 'reversed' ? mail.toReversed() : mail) await hear(c, envelope)
    expect(epochOf(c)).toBe(51)
    expect(authenticator(c)).toBe(authenticator(a))
    expect(shown(c)).toHaveLength(50)
  })
})

describe('poison proposals', () => {
  it('are refused, and block neither messages nor commits', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    const { message } = await rawProposal(c.device, stateOf(c), custom(0xf00d))
    const poison = encodeEnvelope('proposal', a.log.tip, message)
    for (const peer of [a, b]) expect(kinds(await hear(peer, poison))).toEqual(['refused'])
    await write(a, 'still here')
    await want(b, { kind: 'update' })
    await settle(group)
    expect(shown(b)).toEqual(['still here'])
    expect(new Set(group.map(authenticator)).size).toBe(1)
    expect(epochOf(a)).toBe(2)
  })
})

describe('what comes from outside', () => {
  it('never throws, and what cannot be read is bounded', async () => {
    const [a, b] = await pair()
    const good = await write(a, 'good')
    const { body } = decodeEnvelope(a.ctx.mls.crypto, good)
    const before = b.log.nodes
    for (const bytes of [
      new Uint8Array(),
      new Uint8Array(40),
      good.slice(0, 30),
      Uint8Array.of(9, ...good.slice(1)),
    ])
      expect(kinds(await hear(b, bytes))).toEqual(['refused'])
    const ahead = body.slice()
    ahead[2 + 2 + 1 + 16 + 7] = 200
    for (let i = 0; i < MAX_EARLY + 20; i++) {
      ahead[ahead.length - 1] = i
      ahead[ahead.length - 2] = i >> 8
      await hear(b, encodeEnvelope('application', 'ee'.repeat(16), ahead))
    }
    expect(b.log.early).toHaveLength(MAX_EARLY)
    expect(kinds(b.events).filter((kind) => kind === 'overflow')).toHaveLength(20)
    expect(b.log.nodes).toBe(before)
    await hear(b, good)
    expect(shown(b)).toEqual(['good'])
  })

  it('of another kind than its message says, or under another tag, is not read as what it is not', async () => {
    const [a, b] = await pair()
    const { body } = decodeEnvelope(a.ctx.mls.crypto, await write(a, 'message'))
    expect(kinds(await hear(b, encodeEnvelope('commit', b.log.tip, body)))).toEqual(['refused'])
    expect(kinds(await hear(b, encodeEnvelope('application', 'ab'.repeat(16), body)))).toEqual(['late'])
    expect(b.log.early).toHaveLength(0)
    expect(kinds(await hear(b, encodeEnvelope('application', b.log.tip, body)))).toEqual(['message'])
  })
})
