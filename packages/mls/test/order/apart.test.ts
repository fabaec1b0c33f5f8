// Members that have read a branch and follow another one tell those who stand there, and what these make of it.
import { describe, expect, it } from 'vitest'
import { changeGroup, createKeyPackage, type GroupState, joinGroup } from '../../src/index.js'
import { decodeEnvelope, encodeEnvelope } from '../../src/order/envelope.js'
import { type PendingIntent, PLEA_MS, READD_MS, startLog } from '../../src/order/index.js'
import { decodePlea, encodePlea, type Plea } from '../../src/order/plea.js'
import { tagOf } from '../../src/order/tag.js'
import { suiteOfGroup } from '../../src/state.js'
import { at, device } from '../helpers.js'
import { evilChain, evilCommit } from './evil.js'
import {
  authenticator,
  commit,
  contextOf,
  feed,
  hear,
  invitable,
  keyOf,
  kinds,
  names,
  type Peer,
  peerOf,
  peers,
  run,
  settle,
  stateOf,
  twin,
  want,
  write,
} from './peers.js'

const PLEA = 4
const FAKE = 'ab'.repeat(16)

interface Smuggled {
  readonly envelope: Uint8Array
  readonly state: GroupState
  readonly newcomer: Peer
}

/** What a member does that asks no log: adds a device and invites it at once. */
async function smuggle(by: Peer, parent: GroupState, name: string): Promise<Smuggled> {
  const { device: invited, offer } = await invitable(name, by)
  const made = await changeGroup(by.device.ctx, parent, { add: [offer.keyPackage] })
  const envelope = encodeEnvelope('commit', await tagOf(by.device.ctx, parent), made.commit)
  const welcome = made.welcome ?? new Uint8Array()
  const ctx = contextOf(invited)
  const log = await startLog(ctx, await joinGroup(invited.ctx, { ...offer, welcome }))
  return { envelope, state: made.state, newcomer: peerOf(invited, log, ctx) }
}

const spoken = ({ sent }: Peer): Uint8Array[] => sent.filter((envelope) => envelope[1] === PLEA)

function pleas(peer: Peer): Plea[] {
  const { mls } = peer.ctx
  const suite = suiteOfGroup(mls, stateOf(peer))
  return spoken(peer).map((envelope) => decodePlea(suite, decodeEnvelope(mls.crypto, envelope).body))
}

type Word = Partial<Pick<Plea, 'target' | 'keyPackage' | 'nonce' | 'epoch'>> & Pick<Plea, 'lineage'>

/** A plea with whatever its member likes to say. */
function word(peer: Peer, said: Word): Uint8Array {
  const { mls, identity } = peer.ctx
  const rest = { nonce: peer.time.at, epoch: 2, wants: [], target: null, keyPackage: null }
  const plea = { group: peer.log.group, ...rest, ...said }
  const body = encodePlea(mls.crypto, suiteOfGroup(mls, stateOf(peer)), identity.signing, plea)
  return encodeEnvelope('plea', at(said.lineage, 0), body)
}

const lineageOf = ({ log }: Peer): string[] => {
  const lineage: string[] = []
  for (let tag: string | null = log.tip; tag !== null; tag = log.nodes.get(tag)?.parent ?? null)
    lineage.push(tag)
  return lineage
}

const wants = (peer: Peer): boolean => kinds(peer.events).includes('key-package-needed')

async function giveKeyPackage(peer: Peer): Promise<void> {
  const { keyPackage } = await createKeyPackage(peer.ctx.mls, peer.device.identity)
  await feed(peer, { kind: 'key-package', keyPackage })
}

/** `d` has been removed by `a`, which goes before what `c` has committed from the same epoch. */
async function quarrel(): Promise<{ a: Peer; b: Peer; c: Peer; parent: GroupState }> {
  const group = (await peers(4)) as [Peer, Peer, Peer, Peer]
  const [a, b, c, d] = group
  const parent = stateOf(c)
  await hear(b, await commit(a, { kind: 'remove', signatureKey: keyOf(d) }))
  a.sent.length = 0
  return { a, b, c, parent }
}

describe('a device that only a faithless member has invited, onto a branch that lost', () => {
  it('is told by those who have read it, asks, and is let in when somebody wants it', async () => {
    const { a, b, c, parent } = await quarrel()
    const { envelope, newcomer, state } = await smuggle(c, parent, 'new')
    const next = await evilCommit(c.device, state)
    for (const peer of [a, b]) for (const one of [envelope, next.envelope]) await hear(peer, one)
    await hear(newcomer, next.envelope)
    // It has followed a commit, and whoever made it says that it stands there.
    await hear(newcomer, word(c, { lineage: [...lineageOf(newcomer), await tagOf(c.device.ctx, parent)] }))
    await write(newcomer, 'is somebody there?')
    await run([a, b, newcomer], READD_MS + PLEA_MS)
    expect(kinds(newcomer.events)).toEqual(expect.arrayContaining(['stalled', 'key-package-needed']))
    expect(names(a)).not.toContain('new')
    const fresh = await createKeyPackage(newcomer.ctx.mls, newcomer.device.identity)
    await feed(newcomer, { kind: 'key-package', keyPackage: fresh.keyPackage })
    await run([a, b, newcomer], 3 * PLEA_MS)
    const asked = a.events.filter(({ kind }) => kind === 'admission-asked')
    expect(asked).toMatchObject([{ member: { signatureKey: keyOf(newcomer) }, keyPackage: fresh.keyPackage }])
    expect(names(a)).not.toContain('new')
    await want(a, { kind: 'add', keyPackage: fresh.keyPackage })
    await run([a, b, newcomer], 10_000)
    const welcome = at(a.welcomes, 0)
    await feed(newcomer, { kind: 'joined', state: await joinGroup(newcomer.ctx.mls, { ...fresh, welcome }) })
    expect(authenticator(newcomer)).toBe(authenticator(b))
    expect(newcomer.log.stall).toBeNull()
  })

  it('learns it also where the others stand in an epoch before its first one', async () => {
    const { a, b, c, parent } = await quarrel()
    const first = await evilCommit(c.device, parent)
    const { envelope, newcomer } = await smuggle(c, first.state, 'new')
    for (const peer of [a, b]) for (const one of [first.envelope, envelope]) await hear(peer, one)
    await hear(newcomer, await write(a, 'of an older epoch'))
    expect(newcomer.log.stall).toBeNull()
    await write(newcomer, 'is somebody there?')
    await run([a, b, newcomer], READD_MS + PLEA_MS)
    expect(wants(newcomer)).toBe(true)
  })

  it('does not stay because others have been invited like it', async () => {
    const { a, b, c, parent } = await quarrel()
    const invited: Smuggled[] = []
    for (let from = parent; invited.length < 2; from = at(invited, invited.length - 1).state)
      invited.push(await smuggle(c, from, `new${invited.length}`))
    const lost = invited.map(({ newcomer }) => newcomer)
    for (const [index, { envelope }] of invited.entries())
      for (const peer of [a, b, ...lost.slice(0, index)]) await hear(peer, envelope)
    const both = [...lineageOf(at(lost, 0)), await tagOf(c.device.ctx, parent)]
    for (const peer of lost) await hear(peer, word(c, { lineage: both, epoch: 3 }))
    await write(at(lost, 0), 'are we the group?')
    await run([a, b, ...lost], READD_MS + PLEA_MS)
    expect(lost.map(wants)).toEqual([true, true])
  })
})

describe('the word of one member', () => {
  it('does not move a newcomer whom more members stand by, nor do members that lag', async () => {
    const group = await peers(6)
    const [a, b, c, d, e] = group as [Peer, Peer, Peer, Peer, Peer, Peer]
    const { envelope, newcomer } = await smuggle(a, stateOf(a), 'new')
    const lagging = [
      word(b, { lineage: lineageOf(b), epoch: 1 }),
      word(c, { lineage: lineageOf(c), epoch: 1 }),
    ]
    // `a` has sent it without its log; it and `e` go on from there, as does `d`.
    for (const peer of [a, e]) await hear(peer, envelope)
    a.log = { ...(await startLog(a.ctx, stateOf(e))), nodes: e.log.nodes, root: e.log.root }
    for (const said of lagging) await hear(newcomer, said)
    const lie = word(d, { lineage: [FAKE, at(lineageOf(b), 0)], target: newcomer.log.tip })
    await hear(newcomer, lie)
    expect(newcomer.log.stall).not.toBeNull()
    await run([newcomer, e, a], READD_MS + PLEA_MS)
    expect(wants(newcomer)).toBe(false)
    expect(kinds(newcomer.events)).toContain('recovered')
  })

  it('moves nobody who was there before the branches parted', async () => {
    const group = await peers(4)
    const [a, b, c, d] = group as [Peer, Peer, Peer, Peer]
    const envelope = await commit(b)
    for (const peer of [a, c]) await hear(peer, envelope)
    await hear(a, word(d, { lineage: [FAKE], target: a.log.tip }))
    expect(a.log.stall).not.toBeNull()
    await run([a, b, c], READD_MS + PLEA_MS)
    expect(wants(a)).toBe(false)
    expect(a.log.stall).toBeNull()
  })

  it('of an epoch that is not on the own branch, or of no member, begins no stall', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    await hear(a, word(b, { lineage: [FAKE], target: 'cd'.repeat(16) }))
    await hear(a, await commit(b, { kind: 'remove', signatureKey: keyOf(c) }))
    await hear(a, word(c, { lineage: [FAKE], target: a.log.tip }))
    expect(a.log.stall).toBeNull()
  })

  it('is taken back by who comes to that branch after all', async () => {
    const group = (await peers(4)) as [Peer, Peer, Peer, Peer]
    const [a, b, c, d] = group
    const [first, second] = [await commit(b), await commit(c)]
    for (const envelope of [first, second]) await hear(a, envelope)
    const [lost, envelope] = a.log.tip === b.log.tip ? [c, second] : [b, first]
    await hear(a, word(lost, { lineage: lineageOf(lost) }))
    expect(pleas(a)).toMatchObject([{ target: lost.log.tip, keyPackage: null }])
    expect(a.log.apart).toEqual([lost.log.tip])
    await hear(lost, at(spoken(a), 0))
    const [said] = lost.log.beacons.values()
    expect(said).toMatchObject({ apart: lost.log.tip })
    // Whoever comes to know both has nothing to be told any more.
    expect(lost.log.stall).toMatchObject({ late: true, tag: a.log.tip })
    const informed = twin(lost)
    await hear(informed, envelope === first ? second : first)
    expect(informed.log.tip).toBe(a.log.tip)
    expect(informed.log.stall).toBeNull()
    await hear(d, envelope)
    await hear(a, await commit(d))
    expect(a.log.tip).toBe(d.log.tip)
    expect(a.log.apart).toEqual([])
    expect(pleas(a)).toMatchObject([{}, { target: null, lineage: lineageOf(d) }])
    await hear(lost, at(spoken(a), 1))
    const [last] = lost.log.beacons.values()
    expect(last).toMatchObject({ apart: null })
  })

  it('stands until its member stands there itself', async () => {
    const [a, b] = (await peers(3)) as [Peer, Peer, Peer]
    await hear(a, word(b, { lineage: [FAKE], target: a.log.tip, nonce: 1 }))
    await hear(a, word(b, { lineage: [FAKE], nonce: 2 }))
    expect([...a.log.beacons.values()]).toMatchObject([{ apart: a.log.tip, leaving: false }])
    await hear(a, word(b, { lineage: lineageOf(a), nonce: 3 }))
    expect([...a.log.beacons.values()]).toMatchObject([{ apart: null }])
  })

  it('contradicts itself nowhere: a target of its own lineage and a KeyPackage without one are malformed', async () => {
    const [a, b] = (await peers(2)) as [Peer, Peer]
    const { keyPackage } = await createKeyPackage(b.ctx.mls, b.ctx.identity)
    for (const said of [
      { lineage: [FAKE], target: FAKE },
      { lineage: [FAKE], keyPackage },
    ]) {
      const before = a.log
      const events = await hear(a, word(b, said))
      expect(events).toMatchObject([{ kind: 'refused', code: 'mls/malformed' }])
      expect(a.log).toEqual(before)
    }
    await hear(a, word(b, { lineage: [FAKE], target: FAKE, keyPackage }))
    expect([...a.log.beacons.values()]).toMatchObject([{ leaving: true, apart: null }])
  })
})

describe('a member that another branch has removed', () => {
  it('cannot judge that branch, and believes who has read both', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    const parent = stateOf(c)
    const removal = await evilCommit(c.device, parent, { remove: [1] })
    const update = await commit(b)
    await hear(c, update)
    const [favour] = await evilChain(c.device, stateOf(c), 1)
    await hear(b, at([favour?.envelope ?? new Uint8Array()], 0))
    const last = await commit(b)
    await hear(b, removal.envelope)
    expect(b.log.nodes.get(b.log.tip)?.active).toBe(true)
    await hear(a, removal.envelope)
    await commit(a, { kind: 'remove', signatureKey: keyOf(c) })
    for (const envelope of [update, favour?.envelope ?? new Uint8Array(), last]) await hear(a, envelope)
    expect(names(a)).toEqual(['a'])
    await hear(b, word(c, { lineage: lineageOf(b).slice(1), epoch: 3 }))
    await write(b, 'who is with me?')
    await run([a, b], READD_MS + PLEA_MS)
    expect(wants(b)).toBe(true)
    await giveKeyPackage(b)
    await settle([a, b])
    expect(names(a)).toEqual(['a'])
    expect(kinds(a.events)).toContain('admission-asked')
  })
})

describe('a plea for somebody else', () => {
  it('hostile 25: adds nobody: the KeyPackage is of the device and the account that pleads', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    await hear(b, await commit(a))
    const { offer } = await invitable('stranger', a)
    const adds = (): readonly PendingIntent[] => a.log.intents.filter(({ intent }) => intent.kind === 'readd')
    const plea = word(c, { lineage: lineageOf(c), target: a.log.tip, keyPackage: offer.keyPackage })
    await hear(a, plea)
    expect(adds()).toHaveLength(0)
    const second = device('c', { time: c.time })
    const other = await createKeyPackage(second.ctx, second.identity)
    c.time.at += 1
    await hear(a, word(c, { lineage: lineageOf(c), target: a.log.tip, keyPackage: other.keyPackage }))
    expect(adds()).toHaveLength(0)
    const renamed = { ...c.ctx.identity, credential: new TextEncoder().encode('ok:somebody') }
    const { keyPackage } = await createKeyPackage(c.ctx.mls, renamed)
    c.time.at += 1
    await hear(a, word(c, { lineage: lineageOf(c), target: a.log.tip, keyPackage }))
    expect(adds()).toHaveLength(0)
    const own = await createKeyPackage(c.ctx.mls, c.ctx.identity)
    c.time.at += 1
    await hear(a, word(c, { lineage: lineageOf(c), target: a.log.tip, keyPackage: own.keyPackage }))
    expect(adds()).toMatchObject([{ intent: { kind: 'readd' } }])
  })
})
