// External commits: who may let itself in, what it may remove, and what it cannot (defects 4 and 5).
import type { Proposal, ProposalOrRef } from 'ts-mls'
import { decodeVarLenData } from 'ts-mls/codec/variableLength.js'
import { describe, expect, it } from 'vitest'
import { decodeGroupInfo, externalKeyOf } from '../../src/external-info.js'
import {
  type ExternalJoinRule,
  encodeGroup,
  encryptMessage,
  exportGroupInfo,
  joinExternally,
  members,
  processMessage,
  removeMembers,
  updateSelf,
} from '../../src/index.js'
import { rolesExtensions } from '../../src/roles/extension.js'
import { raw } from '../attacker.js'
import { codeOf, type Device, string, text } from '../helpers.js'
import { type Intrusion, intrude } from './intruder.js'
import {
  accountDevice,
  broadcast,
  inOneEpoch,
  leafOf,
  type Parties,
  party,
  roleGroup,
  roster,
  withAdmins,
} from './support.js'

const open = (externalJoinRule: ExternalJoinRule): Promise<Parties> =>
  roleGroup(['ann', 'ben', 'cat', 'dan'], { inviteRule: 'admins', externalJoinRule })

const infoOf = (group: Parties): Promise<Uint8Array> => {
  const ann = party(group, 'ann')
  return exportGroupInfo(ann.device.ctx, ann.state)
}

/** The device comes in, everybody reads it, and it speaks. */
async function comeIn(group: Parties, device: Device, replaces?: number): Promise<void> {
  const groupInfo = await infoOf(group)
  const entrance = replaces === undefined ? { groupInfo } : { groupInfo, replaces }
  const { state, commit } = await joinExternally(device.ctx, device.identity, entrance)
  const event = await broadcast(group, device.name, commit)
  expect(event).toMatchObject({ external: true, privileged: false, removedSelf: false })
  expect(string(event.sender.credential)).toBe(string(device.identity.credential))
  group[device.name] = { device, state }
  expect(inOneEpoch(group)).toBe(true)
  const sent = await encryptMessage(device.ctx, state, text('here'), text(''))
  party(group, device.name).state = sent.state
  const ann = party(group, 'ann')
  const read = await processMessage(ann.device.ctx, ann.state, sent.message)
  expect(read.event).toMatchObject({ kind: 'application', plaintext: text('here') })
  ann.state = read.state
  const refreshed = await updateSelf(ann.device.ctx, ann.state)
  ann.state = refreshed.state
  await broadcast(group, 'ann', refreshed.commit)
  expect(inOneEpoch(group)).toBe(true)
}

describe('the rule of the group', () => {
  it('nobody: neither given out, nor tried, nor read', async () => {
    const group = await open('nobody')
    expect(await codeOf(() => infoOf(group))).toBe('mls/external-commit')
    const elsewhere = await open('anyone')
    const { commit } = await joinExternally(accountDevice('eve').ctx, accountDevice('eve').identity, {
      groupInfo: await infoOf(elsewhere),
    })
    const ben = party(group, 'ben')
    expect(await codeOf(() => processMessage(ben.device.ctx, ben.state, commit))).toBe('mls/external-commit')
  })

  it('resync: a device that has lost its state takes its own place, and no other comes', async () => {
    const group = await open('resync')
    const { device } = party(group, 'cat')
    const leaf = leafOf(group, 'cat')
    delete group.cat
    await comeIn(group, device)
    expect(leafOf(group, 'cat')).toBe(leaf)
    expect(members(party(group, 'ann').state)).toHaveLength(4)
    const groupInfo = await infoOf(group)
    for (const name of ['eve', 'cat/new']) {
      const made = accountDevice(name)
      expect(await codeOf(() => joinExternally(made.ctx, made.identity, { groupInfo }))).toBe(
        'mls/not-permitted',
      )
    }
  })

  it('devices: an account brings in another device, or one in place of an old one', async () => {
    const group = await open('devices')
    await comeIn(group, accountDevice('ben/tablet'))
    expect(roster(party(group, 'ann'))).toEqual({ ann: 1, ben: 2, cat: 1, dan: 1 })
    const old = leafOf(group, 'cat')
    delete group.cat
    await comeIn(group, accountDevice('cat/new'), old)
    expect(roster(party(group, 'ann'))).toEqual({ ann: 1, ben: 2, cat: 1, dan: 1 })
    const eve = accountDevice('eve')
    const groupInfo = await infoOf(group)
    expect(await codeOf(() => joinExternally(eve.ctx, eve.identity, { groupInfo }))).toBe('mls/not-permitted')
  })

  it('anyone: a stranger comes, and the tree grows when it is full', async () => {
    const group = await open('anyone')
    await comeIn(group, accountDevice('eve'))
    await comeIn(group, accountDevice('fay'))
    expect(roster(party(group, 'ben'))).toEqual({ ann: 1, ben: 1, cat: 1, dan: 1, eve: 1, fay: 1 })
  })

  it('the replaced device reads that it is out', async () => {
    const group = await open('resync')
    const { device, state } = party(group, 'cat')
    const { commit } = await joinExternally(device.ctx, device.identity, { groupInfo: await infoOf(group) })
    const read = await processMessage(device.ctx, state, commit)
    expect(read.event).toMatchObject({ removedSelf: true, external: true })
    expect(await codeOf(() => updateSelf(device.ctx, read.state))).toBe('mls/removed')
  })
})

describe('hijack by external commit (defect 5)', () => {
  it('a newcomer that removes another account is refused, whatever the rule', async () => {
    for (const rule of ['resync', 'devices', 'anyone'] as const) {
      const group = await open(rule)
      const groupInfo = await infoOf(group)
      const own = accountDevice('dan/other')
      const victim = leafOf(group, 'ann')
      expect(await codeOf(() => joinExternally(own.ctx, own.identity, { groupInfo, replaces: victim }))).toBe(
        'mls/not-permitted',
      )
      // The same by one that takes itself for ann: an honest member judges by the real credential.
      const liar = { ...own.ctx, accountOf: () => text('ann') }
      const open2 =
        rule === 'resync' ? null : await joinExternally(liar, own.identity, { groupInfo, replaces: victim })
      if (open2 === null) continue
      const ben = party(group, 'ben')
      const before = encodeGroup(ben.state)
      expect(await codeOf(() => processMessage(ben.device.ctx, ben.state, open2.commit))).toBe(
        'mls/not-permitted',
      )
      expect(encodeGroup(ben.state)).toEqual(before)
    }
  })

  it('a removed member does not come back under a rule for members', async () => {
    const group = await open('devices')
    const dan = party(group, 'dan')
    const groupInfo = await infoOf(group)
    const ann = party(group, 'ann')
    const removal = await removeMembers(ann.device.ctx, ann.state, [leafOf(group, 'dan')])
    ann.state = removal.state
    delete group.dan
    await broadcast(group, 'ann', removal.commit)
    // With the old GroupInfo its commit is of an epoch that has ended, with the new one it is a stranger.
    const old = await joinExternally(dan.device.ctx, dan.device.identity, { groupInfo })
    const ben = party(group, 'ben')
    expect(await codeOf(() => processMessage(ben.device.ctx, ben.state, old.commit))).toBe('mls/wrong-epoch')
    const now = await infoOf(group)
    expect(await codeOf(() => joinExternally(dan.device.ctx, dan.device.identity, { groupInfo: now }))).toBe(
      'mls/not-permitted',
    )
    const liar = { ...dan.device.ctx, accountOf: () => text('ann') }
    const forged = await joinExternally(liar, dan.device.identity, { groupInfo: now })
    expect(await codeOf(() => processMessage(ben.device.ctx, ben.state, forged.commit))).toBe(
      'mls/not-permitted',
    )
  })

  it('a commit that is damaged or repeated changes nothing', async () => {
    const group = await open('anyone')
    const eve = accountDevice('eve')
    const { commit } = await joinExternally(eve.ctx, eve.identity, { groupInfo: await infoOf(group) })
    const ben = party(group, 'ben')
    const before = encodeGroup(ben.state)
    for (let at = 0; at < commit.length; at += 17) {
      const damaged = commit.map((byte, i) => (i === at ? byte ^ 1 : byte))
      expect(await codeOf(() => processMessage(ben.device.ctx, ben.state, damaged)), `${at}`).toMatch(
        /^mls\//,
      )
    }
    expect(encodeGroup(ben.state)).toEqual(before)
    ben.state = (await processMessage(ben.device.ctx, ben.state, commit)).state
    expect(await codeOf(() => processMessage(ben.device.ctx, ben.state, commit))).toBe('mls/wrong-epoch')
  })

  it('a credential that authenticate refuses does not come in', async () => {
    const group = await open('anyone')
    const bad = accountDevice('eve')
    const believing = { ...bad.ctx, authenticate: () => true }
    const identity = { ...bad.identity, credential: text('bad:eve') }
    const { commit } = await joinExternally(believing, identity, { groupInfo: await infoOf(group) })
    const ben = party(group, 'ben')
    expect(await codeOf(() => processMessage(ben.device.ctx, ben.state, commit))).toBe('mls/bad-credential')
  })
})

describe('what an external commit may hold', () => {
  const removal = (leaf: number): Proposal => ({ proposalType: 'remove', remove: { removed: leaf } })

  /** What ben says of it. */
  async function verdict(group: Parties, name: string, intrusion: Intrusion): Promise<string> {
    const message = await intrude(accountDevice(name), await infoOf(group), intrusion)
    const ben = party(group, 'ben')
    const before = encodeGroup(ben.state)
    const code = await codeOf(() => processMessage(ben.device.ctx, ben.state, message))
    expect(encodeGroup(ben.state)).toEqual(before)
    return code
  }

  it('one ExternalInit, and one Remove of its own account', async () => {
    const group = await open('anyone')
    expect(await verdict(group, 'eve', { entries: (init) => [init] })).toBe('no error')
    const cat = leafOf(group, 'cat')
    const own: Intrusion = { entries: (init) => [removal(cat), init], removed: [cat] }
    expect(await verdict(group, 'cat/new', own)).toBe('no error')
    expect(await verdict(group, 'eve', own)).toBe('mls/not-permitted')
  })

  it('not two, not none, nothing else, nothing by reference, and never without a path', async () => {
    const group = await open('anyone')
    const [cat, ann] = [leafOf(group, 'cat'), party(group, 'ann')]
    const roles = rolesExtensions(withAdmins(ann.state, { ann: 'full', cat: 'full' }))
    const takeover: Proposal = {
      proposalType: 'group_context_extensions',
      groupContextExtensions: { extensions: roles },
    }
    const reference: ProposalOrRef = { proposalOrRefType: 'reference', reference: new Uint8Array(32) }
    const cases: [Intrusion, string][] = [
      [{ entries: (init) => [init, init] }, 'mls/bad-commit'],
      [{ entries: () => [] }, 'mls/bad-commit'],
      [{ entries: () => [removal(cat)], removed: [cat] }, 'mls/bad-commit'],
      [{ entries: (init) => [init, removal(cat), removal(cat)], removed: [cat] }, 'mls/bad-commit'],
      [{ entries: (init) => [init, removal(60)] }, 'mls/bad-commit'],
      [{ entries: (init) => [init, reference] }, 'mls/bad-commit'],
      [{ entries: (init) => [init, takeover] }, 'mls/unsupported-proposal'],
      [{ entries: (init) => [init], path: false }, 'mls/undecryptable'],
    ]
    for (const [i, [intrusion, code]] of cases.entries())
      expect(await verdict(group, 'cat/new', intrusion), `${i}`).toBe(code)
  })

  it('a leaf of an honest device that can do what the group asks', async () => {
    const group = await open('anyone')
    const { device, state } = party(group, 'ann')
    const node = raw(device, state).client.ratchetTree[0]
    if (node?.nodeType !== 'leaf') throw new Error('no leaf')
    const { capabilities } = node.leaf
    const unable = { capabilities: { ...capabilities, extensions: [] } }
    expect(await verdict(group, 'eve', { entries: (init) => [init], leaf: unable })).toBe('mls/bad-commit')
    const other = { capabilities: { ...capabilities, ciphersuites: [] } }
    expect(await verdict(group, 'eve', { entries: (init) => [init], leaf: other })).toBe('mls/bad-commit')
  })
})

describe('the external key (defect 4)', () => {
  it('stands behind its own length, and without one it is refused', async () => {
    const group = await open('anyone')
    const info = decodeGroupInfo(await infoOf(group))
    const found = info.extensions.find(({ extensionType }) => extensionType === 'external_pub')
    if (found === undefined) throw new Error('no external key')
    const [key, used] = decodeVarLenData(found.extensionData, 0) ?? [new Uint8Array(), 0]
    expect([key.length, used]).toEqual([32, found.extensionData.length])
    expect(externalKeyOf(info)).toEqual(key)
    const bare = info.extensions.map((one) => (one === found ? { ...one, extensionData: key } : one))
    expect(await codeOf(() => externalKeyOf({ ...info, extensions: bare }))).toBe('mls/bad-welcome')
    expect(await codeOf(() => externalKeyOf({ ...info, extensions: [found, found] }))).toBe('mls/bad-welcome')
  })

  it('a GroupInfo that is damaged, or signed by nobody in its tree, is refused', async () => {
    const group = await open('anyone')
    const groupInfo = await infoOf(group)
    const eve = accountDevice('eve')
    for (let at = 0; at < groupInfo.length; at += 29) {
      const damaged = groupInfo.map((byte, i) => (i === at ? byte ^ 1 : byte))
      const code = await codeOf(() => joinExternally(eve.ctx, eve.identity, { groupInfo: damaged }))
      expect(code, `${at}`).toMatch(/^mls\//)
    }
    expect(await codeOf(() => joinExternally(eve.ctx, eve.identity, { groupInfo: text('x') }))).toBe(
      'mls/bad-welcome',
    )
  })
})
