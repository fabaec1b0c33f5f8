// Members that cannot follow: what they show, what they ask for, and how they come back.
import { toHex } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import { createKeyPackage, exportGroupInfo, joinExternally, joinGroup } from '../../src/index.js'
import {
  APPEALS,
  decodeLogRows,
  encodeLogRows,
  HORIZON,
  PLEA_MS,
  READD_MS,
  STALL_MS,
} from '../../src/order/index.js'
import { p256Suite, p384Suite } from '../../src/suites.js'
import { at } from '../helpers.js'
import { evilCommit } from './evil.js'
import {
  authenticator,
  commit,
  deliver,
  epochOf,
  feed,
  hear,
  invite,
  keyOf,
  kinds,
  names,
  type Peer,
  peers,
  run,
  settle,
  shown,
  stateOf,
  tick,
  want,
  write,
} from './peers.js'

/** Answers a peer that asks for a KeyPackage, and lets it join by the Welcome that comes. */
async function readd(group: readonly Peer[], peer: Peer): Promise<void> {
  const offer = await createKeyPackage(peer.ctx.mls, peer.ctx.identity)
  await feed(peer, { kind: 'key-package', keyPackage: offer.keyPackage })
  await run(group, 15_000)
  const welcomes = group.filter((one) => one !== peer).flatMap((one) => one.welcomes)
  const joined = welcomes.map((welcome) => joinGroup(peer.ctx.mls, { ...offer, welcome }))
  const opened = (await Promise.allSettled(joined)).flatMap((one) =>
    one.status === 'fulfilled' ? [one.value] : [],
  )
  expect(opened).toHaveLength(1)
  await feed(peer, { kind: 'joined', state: at(opened, 0) })
}

const wants = (peer: Peer): boolean => kinds(peer.events).includes('key-package-needed')

describe('hostile 23: a relay withholds one commit', () => {
  it('the stall is shown, the commit is asked for, and any member sends it again', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    await hear(b, await commit(a))
    a.sent.length = 0
    await hear(c, await write(b, 'in an epoch that c does not know'))
    b.sent.length = 0
    await run(group, STALL_MS)
    expect(kinds(c.events)).toEqual(expect.arrayContaining(['stalled', 'recovered', 'message']))
    expect(authenticator(c)).toBe(authenticator(b))
    expect(c.log.stall).toBeNull()
  })

  it('a proposal that it rests on comes with it', async () => {
    const group = (await peers(4)) as [Peer, Peer, Peer, Peer]
    const [a, b, c, d] = group
    await want(d, { kind: 'leave' })
    for (const peer of [a, b]) await hear(peer, at(d.sent, 0))
    await run([a, b], 3_000)
    expect(names(a)).toEqual(['a', 'b', 'c'])
    const [removal] = [...a.sent, ...b.sent].filter((envelope) => envelope[1] === 2)
    await hear(c, removal ?? new Uint8Array())
    expect(names(c)).toContain('d')
    await write(b, 'without d')
    await run([a, b, c], STALL_MS + PLEA_MS)
    expect(names(c)).toEqual(['a', 'b', 'c'])
    expect(authenticator(c)).toBe(authenticator(a))
    expect(shown(c)).toContain('without d')
  })

  it('a commit that nobody can send again ends in being added anew', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    for (let i = 0; i < HORIZON + 4; i++) await hear(b, await invite(a, `${i}`))
    a.sent.length = 0
    await hear(c, await write(b, 'far ahead'))
    b.sent.length = 0
    await run(group, READD_MS + PLEA_MS)
    expect(wants(c)).toBe(true)
    await readd(group, c)
    expect(authenticator(c)).toBe(authenticator(a))
    expect(names(a).filter((name) => name === 'c')).toHaveLength(1)
    await want(c, { kind: 'update' })
    await settle(group)
    expect(new Set(group.map(authenticator)).size).toBe(1)
    await hear(a, await write(c, 'back'))
    expect(shown(a)).toContain('back')
  })

  it('a plea that is repeated later throws nobody out again', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    for (let i = 0; i < HORIZON + 4; i++) await hear(b, await invite(a, `${i}`))
    a.sent.length = 0
    await hear(c, await write(b, 'far ahead'))
    await run(group, READD_MS + PLEA_MS)
    await readd(group, c)
    const pleas = c.sent.filter((envelope) => envelope[1] === 4)
    expect(pleas.length).toBeGreaterThan(2)
    const before = epochOf(a)
    for (const plea of pleas) for (const peer of [a, b]) await hear(peer, plea)
    await run(group, 15_000)
    expect(epochOf(a)).toBe(before)
  })

  it('a plea that was held back throws nobody out that has come back by itself', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    const commits: Uint8Array[] = []
    for (let i = 0; i < HORIZON + 4; i++) {
      commits.push(await invite(a, `${i}`))
      await hear(b, at(commits, i))
    }
    a.sent.length = 0
    await hear(c, await write(b, 'far ahead'))
    b.sent.length = 0
    await run(group, READD_MS + PLEA_MS)
    const { keyPackage } = await createKeyPackage(c.ctx.mls, c.ctx.identity)
    await feed(c, { kind: 'key-package', keyPackage })
    const held = at(c.sent, c.sent.length - 1)
    c.sent.length -= 1
    for (const envelope of commits) await hear(c, envelope)
    expect(authenticator(c)).toBe(authenticator(a))
    expect(kinds(c.events)).toContain('recovered')
    await deliver(group)
    for (const peer of [a, b]) await hear(peer, held)
    await run(group, 15_000)
    expect(epochOf(a)).toBe(1 + HORIZON + 4)
    expect(a.log.intents.filter(({ intent }) => intent.kind === 'readd')).toHaveLength(0)
  })

  it('what the smaller side wanted is carried out on the side that stays', async () => {
    const group = (await peers(4)) as [Peer, Peer, Peer, Peer]
    const [a, b, c, d] = group
    await split([a, b, d], [c])
    await want(c, { kind: 'remove', signatureKey: keyOf(d) })
    await write(a, 'here')
    await run(group, READD_MS + 3 * PLEA_MS)
    await readd(group, c)
    await run(group, 15_000)
    expect(names(a)).toContain('c')
    expect(names(a)).not.toContain('d')
    expect(authenticator(c)).toBe(authenticator(a))
  })

  it('a plea of a stranger, or one that was changed, is refused', async () => {
    const [a, b] = (await peers(2)) as [Peer, Peer]
    const [x] = (await peers(1)) as [Peer]
    x.time.at = a.time.at
    await hear(b, await commit(a))
    for (const peer of [b, x]) {
      await hear(peer, new Uint8Array(3))
      peer.log = { ...peer.log, stall: stalled(peer) }
      peer.time.at += STALL_MS
      await tick(peer)
    }
    const [plea, strange] = [at(b.sent, 0), at(x.sent, 0)]
    const changed = plea.map((byte, i) => (i === 60 ? byte ^ 1 : byte))
    for (const bad of [strange, changed]) {
      const events = await hear(a, bad)
      expect(kinds(events)).toContain('refused')
    }
    expect(a.log.beacons.size).toBe(0)
    await hear(a, plea)
    expect(a.log.beacons.size).toBe(1)
  })
})

describe('in a suite with another signature', () => {
  it.each([2, 7] as const)('%i: pleas are signed in it, and lead back', async (suite) => {
    const group = await peers(3, { suite, suites: [p256Suite, p384Suite] })
    const [a, b, c] = group as [Peer, Peer, Peer]
    for (let i = 0; i < HORIZON + 2; i++) await hear(b, await invite(a, `${i}`))
    a.sent.length = 0
    await hear(c, await write(b, 'far ahead'))
    b.sent.length = 0
    await run(group, READD_MS + PLEA_MS)
    expect(wants(c)).toBe(true)
    c.log = decodeLogRows(c.ctx.mls, encodeLogRows(c.log))
    await readd(group, c)
    expect(authenticator(c)).toBe(authenticator(a))
    expect(a.log.beacons.get(toHex(keyOf(c)))).toMatchObject({ leaving: true })
  })
})

describe('a member that holds itself for removed', () => {
  it('asks whether that stands, and comes back when its removal has lost to a commit that it was not sent', async () => {
    const group = (await peers(4)) as [Peer, Peer, Peer, Peer]
    const [a, b, c, d] = group
    // Without its log: `a` does not try again.
    const removal = await evilCommit(a.device, stateOf(a), { remove: [2] })
    const update = await commit(b)
    await hear(d, update)
    const child = await commit(d)
    for (const peer of group)
      for (const envelope of [update, child]) if (peer !== c) await hear(peer, envelope)
    for (const peer of [b, c, d]) await hear(peer, removal.envelope)
    expect(kinds(c.events)).toContain('removed')
    for (const peer of group) peer.sent.length = 0
    await hear(c, await write(b, 'it did not stand'))
    await run(group, STALL_MS + 2 * PLEA_MS)
    expect(names(a)).toContain('c')
    expect(authenticator(c)).toBe(authenticator(a))
    expect(shown(c)).toEqual(['it did not stand'])
  })

  it('asks a few times and no more', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    const removal = await commit(a, { kind: 'remove', signatureKey: keyOf(c) })
    for (const peer of [b, c]) await hear(peer, removal)
    await hear(c, await write(b, 'without you'))
    await run(group, READD_MS + 6 * PLEA_MS)
    const asked = c.sent.filter((envelope) => envelope[1] === 4)
    expect(asked).toHaveLength(APPEALS)
    expect(kinds(c.events)).not.toContain('stalled')
    expect(names(a)).toEqual(['a', 'b'])
  })
})

describe('resync by external commit', () => {
  it('brings a member back under the rule of the group, from what any member tells it of its epoch', async () => {
    const roles = { inviteRule: 'members', externalJoinRule: 'resync' } as const
    const group = (await peers(3, { roles })) as [Peer, Peer, Peer]
    const [a, b, c] = group
    for (let i = 0; i < HORIZON + 4; i++) await hear(b, await invite(a, `${i}`))
    a.sent.length = 0
    await want(c, { kind: 'update' })
    const groupInfo = await exportGroupInfo(b.ctx.mls, stateOf(b))
    const parent = b.log.tip
    const { state, commit: bytes } = await joinExternally(c.ctx.mls, c.ctx.identity, { groupInfo })
    await feed(c, { kind: 'joined', state, external: { parent, commit: bytes } })
    const envelope = at(c.sent, 1)
    for (const peer of [a, b]) expect(kinds(await hear(peer, envelope))).toContain('epoch')
    expect(new Set(group.map(authenticator)).size).toBe(1)
    expect(names(a).filter((name) => name === 'c')).toHaveLength(1)
    await run(group, 8_000)
    expect(new Set(group.map(authenticator)).size).toBe(1)
    expect(c.events).toContainEqual(expect.objectContaining({ kind: 'intent-done', intent: 'update' }))
  })
})

/** As if mail of an unknown epoch had come. */
function stalled(peer: Peer): NonNullable<Peer['log']['stall']> {
  const flags = { shown: false, asked: null, late: true, leaving: false, offer: null }
  return { since: peer.time.at, tag: 'ab'.repeat(16), epoch: 1, ...flags }
}

/** Each side commits beyond the horizon by itself. */
async function split(left: readonly Peer[], right: readonly Peer[]): Promise<void> {
  for (const side of [left, right])
    for (let i = 0; i <= HORIZON + 1; i++) {
      await invite(at(side, i % side.length), `${i}`)
      await deliver(side)
    }
}

describe('a split past the horizon', () => {
  it('heals: the side with fewer members comes to the other one, and nobody else moves', async () => {
    const group = (await peers(5)) as [Peer, Peer, Peer, Peer, Peer]
    const [a, b, c, d, e] = group
    await split([a, b, c], [d, e])
    const majority = authenticator(a)
    await write(a, 'on the left')
    await write(d, 'on the right')
    await run(group, READD_MS + 3 * PLEA_MS)
    expect([a, b, c].map(wants)).toEqual([false, false, false])
    expect([d, e].map(wants)).toEqual([true, true])
    expect(authenticator(a)).toBe(majority)
    for (const lost of [d, e]) await readd(group, lost)
    await settle(group)
    expect(new Set(group.map(authenticator)).size).toBe(1)
    expect(names(a).filter((name) => ['a', 'b', 'c', 'd', 'e'].includes(name))).toHaveLength(5)
    for (const peer of group) await write(peer, `from ${peer.device.name}`)
    await deliver(group)
    for (const peer of group)
      for (const other of group)
        if (other !== peer) expect(shown(peer)).toContain(`from ${other.device.name}`)
  })

  it('into halves heals to one of them', async () => {
    const group = (await peers(4)) as [Peer, Peer, Peer, Peer]
    await split(group.slice(0, 2), group.slice(2))
    await write(at(group, 0), 'left')
    await write(at(group, 2), 'right')
    await run(group, READD_MS + 3 * PLEA_MS)
    const moving = group.filter(wants)
    expect(moving).toHaveLength(2)
    for (const lost of moving) await readd(group, lost)
    await settle(group)
    expect(new Set(group.map(authenticator)).size).toBe(1)
  })

  it('that one member has made with many devices of its own moves nobody', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    await split([a, b], [c])
    await write(c, 'come to me')
    await run(group, READD_MS + 3 * PLEA_MS)
    expect([a, b].map(wants)).toEqual([false, false])
    expect(a.log.stall).toBeNull()
    expect(keyOf(c)).toHaveLength(32)
  })
})

describe('partition and heal across two transports carrying the same bytes', () => {
  it('within the horizon: all come to one branch, each message is shown once', async () => {
    const group = (await peers(4)) as [Peer, Peer, Peer, Peer]
    const [a, b, c, d] = group
    for (const side of [
      [a, b],
      [c, d],
    ])
      for (let i = 0; i < 4; i++) {
        await commit(at(side, i % 2))
        await write(at(side, 1 - (i % 2)), `${at(side, 0).device.name}${i}`)
        await deliver(side)
      }
    const mail = group.flatMap(({ sent }) => sent)
    // One carrier brings it as it was sent, the other one backwards, and both bring everything.
    for (const peer of group)
      for (const envelope of [...mail.toReversed(), ...mail]) await hear(peer, envelope)
    await settle(group)
    expect(new Set(group.map(authenticator)).size).toBe(1)
    for (const peer of group) {
      expect(new Set(shown(peer)).size).toBe(shown(peer).length)
      const own = peer === a || peer === b ? 'a' : 'c'
      expect(shown(peer).filter((words) => !words.startsWith(own))).toHaveLength(4)
    }
  })
})
