// Roles in real groups: commits that change them, commits that they forbid, and what every member then sees.
import type { Extension } from 'ts-mls'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  addMembers,
  changeGroup,
  createKeyPackage,
  decodeGroup,
  encodeGroup,
  epoch,
  type GroupChanges,
  joinGroup,
  processMessage,
  type Right,
  removeMembers,
  rolesOf,
  updateSelf,
} from '../../src/index.js'
import { rolesExtensions } from '../../src/roles/extension.js'
import { raw, rawCommit, rawPath } from '../attacker.js'
import { codeOf, string, text } from '../helpers.js'
import {
  accountDevice,
  accountIn,
  broadcast,
  inOneEpoch,
  leafOf,
  type Parties,
  party,
  roleGroup,
  roster,
  withAdmins,
} from './support.js'

let group: Parties

beforeEach(async () => {
  group = await roleGroup(['ann', 'ben', 'cat', 'dan'])
})

const offer = async (name: string): Promise<Uint8Array> => {
  const made = accountDevice(name)
  return (await createKeyPackage(made.ctx, made.identity)).keyPackage
}

/** The first member gives these roles, and everybody knows. */
async function promote(admins: Record<string, Right>): Promise<void> {
  const ann = party(group, 'ann')
  const made = await changeGroup(ann.device.ctx, ann.state, { roles: withAdmins(ann.state, admins) })
  ann.state = made.state
  await broadcast(group, 'ann', made.commit)
}

/** A commit of a member that believes itself ann, and ann itself: in all else an honest one. */
async function lawless(name: string, changes: GroupChanges): Promise<Uint8Array> {
  const { device, state } = party(group, name)
  const swap: Record<string, string> = { [name]: 'ann', ann: name }
  const accountOf = (credential: Uint8Array): Uint8Array => {
    const account = string(accountIn(credential))
    return text(swap[account] ?? account)
  }
  return (await changeGroup({ ...device.ctx, accountOf }, state, changes)).commit
}

describe('the group names its admins', () => {
  it('its creator is the first, and joiners read the same roles from the Welcome', () => {
    for (const { state } of Object.values(group)) {
      const roles = rolesOf(state)
      expect(roles && string(roles.creator)).toBe('ann')
      expect(roles?.admins.map(({ account, right }) => [string(account), right])).toEqual([['ann', 'full']])
    }
  })

  it('they change by a commit with a path, and survive a restart (defect 2)', async () => {
    const ann = party(group, 'ann')
    const roles = withAdmins(ann.state, { ann: 'full', ben: 'members', cat: 'rotation' })
    const made = await changeGroup(ann.device.ctx, ann.state, { roles })
    expect(made.privileged).toBe(true)
    ann.state = made.state
    const event = await broadcast(group, 'ann', made.commit)
    expect(event).toMatchObject({ privileged: true, external: false, added: [], removed: [] })
    expect(inOneEpoch(group)).toBe(true)
    const dan = party(group, 'dan')
    const restored = decodeGroup(dan.device.ctx, encodeGroup(dan.state))
    expect(rolesOf(restored)?.admins).toHaveLength(3)
  })

  it('together with a Remove and an Add, under the new extensions (defect 3)', async () => {
    const ann = party(group, 'ann')
    const eve = accountDevice('eve')
    const own = await createKeyPackage(eve.ctx, eve.identity)
    const roles = withAdmins(ann.state, { ann: 'full', eve: 'full' })
    const made = await changeGroup(ann.device.ctx, ann.state, {
      roles,
      add: [own.keyPackage],
      remove: [leafOf(group, 'dan')],
    })
    ann.state = made.state
    const dan = party(group, 'dan')
    await broadcast(group, 'ann', made.commit)
    expect(await codeOf(() => updateSelf(dan.device.ctx, dan.state))).toBe('mls/removed')
    delete group.dan
    if (made.welcome === undefined) throw new Error('nobody was added')
    const state = await joinGroup(eve.ctx, { ...own, welcome: made.welcome })
    group.eve = { device: eve, state }
    expect(inOneEpoch(group)).toBe(true)
    const removal = await removeMembers(eve.ctx, state, [leafOf(group, 'ben')])
    group.eve.state = removal.state
    await broadcast(group, 'eve', removal.commit)
    delete group.ben
    expect(inOneEpoch(group)).toBe(true)
  })

  it('several devices of an account are one member', async () => {
    const ann = party(group, 'ann')
    const made = await addMembers(ann.device.ctx, ann.state, [
      await offer('ben/tablet'),
      await offer('ann/laptop'),
    ])
    ann.state = made.state
    await broadcast(group, 'ann', made.commit)
    for (const one of Object.values(group)) expect(roster(one)).toEqual({ ann: 2, ben: 2, cat: 1, dan: 1 })
  })
})

describe('hostile 24: who may not, cannot', () => {
  it('neither makes the commit', async () => {
    const ben = party(group, 'ben')
    const { ctx } = ben.device
    const cat = leafOf(group, 'cat')
    const roles = withAdmins(ben.state, { ben: 'full' })
    const stranger = await offer('eve')
    for (const changes of [{ add: [stranger] }, { remove: [cat] }, { roles }])
      expect(await codeOf(() => changeGroup(ctx, ben.state, changes))).toBe('mls/not-permitted')
  })

  it('nor gets it read by an honest member', async () => {
    const cat = party(group, 'cat')
    const before = encodeGroup(cat.state)
    for (const changes of [
      { add: [await offer('eve')] },
      { remove: [leafOf(group, 'dan')] },
      { roles: withAdmins(cat.state, { ben: 'full' }) },
      { remove: [leafOf(group, 'ann')], roles: withAdmins(cat.state, { cat: 'full' }) },
    ]) {
      const message = await lawless('ben', changes)
      const verdict = await codeOf(() => processMessage(cat.device.ctx, cat.state, message))
      expect(verdict).toBe('mls/not-permitted')
    }
    expect(encodeGroup(cat.state)).toEqual(before)
  })

  it('an admin for members may add and remove, but no admin and no roles', async () => {
    await promote({ ann: 'full', ben: 'members' })
    const ben = party(group, 'ben')
    const { ctx } = ben.device
    expect(await codeOf(() => removeMembers(ctx, ben.state, [leafOf(group, 'ann')]))).toBe(
      'mls/not-permitted',
    )
    const roles = withAdmins(ben.state, { ben: 'full' })
    expect(await codeOf(() => changeGroup(ctx, ben.state, { roles }))).toBe('mls/not-permitted')
    const dan = leafOf(group, 'dan')
    const made = await changeGroup(ctx, ben.state, { add: [await offer('eve')], remove: [dan] })
    ben.state = made.state
    delete group.dan
    expect(await broadcast(group, 'ben', made.commit)).toMatchObject({ privileged: true })
    expect(inOneEpoch(group)).toBe(true)
  })
})

describe('hostile 25: no ghost', () => {
  it('a device of somebody else comes in by nobody but an admin, and is named in the event', async () => {
    const ghost = await offer('ann/ghost')
    const ben = party(group, 'ben')
    expect(await codeOf(() => addMembers(ben.device.ctx, ben.state, [ghost]))).toBe('mls/not-permitted')
    const cat = party(group, 'cat')
    const message = await lawless('ben', { add: [ghost] })
    expect(await codeOf(() => processMessage(cat.device.ctx, cat.state, message))).toBe('mls/not-permitted')
    const ann = party(group, 'ann')
    const made = await addMembers(ann.device.ctx, ann.state, [await offer('ben/ghost')])
    ann.state = made.state
    const event = await broadcast(group, 'ann', made.commit)
    expect(event.added.map(({ credential }) => string(credential))).toEqual(['ok:ben/ghost'])
  })

  it('a member brings in its own next device itself', async () => {
    const ben = party(group, 'ben')
    const made = await addMembers(ben.device.ctx, ben.state, [await offer('ben/tablet')])
    ben.state = made.state
    expect(await broadcast(group, 'ben', made.commit)).toMatchObject({ privileged: false })
  })

  it('a credential that belongs to no account stays out', async () => {
    const ann = party(group, 'ann')
    const ctx = { ...ann.device.ctx, accountOf: () => null }
    expect(await codeOf(async () => addMembers(ctx, ann.state, [await offer('eve')]))).toBe(
      'mls/bad-credential',
    )
  })
})

describe('hostile 27: admins against each other', () => {
  it('two demote each other: whichever commit stands, the other admin cannot repeat its own', async () => {
    await promote({ ann: 'full', ben: 'full' })
    const [ann, ben, cat] = [party(group, 'ann'), party(group, 'ben'), party(group, 'cat')]
    const byAnn = await changeGroup(ann.device.ctx, ann.state, {
      roles: withAdmins(ann.state, { ann: 'full' }),
    })
    const byBen = await changeGroup(ben.device.ctx, ben.state, {
      roles: withAdmins(ben.state, { ben: 'full' }),
    })
    for (const [winner, loser, losing] of [
      [byAnn, ben, { ben: 'full' as const }],
      [byBen, ann, { ann: 'full' as const }],
    ] as const) {
      const read = await processMessage(cat.device.ctx, cat.state, winner.commit)
      const other = winner === byAnn ? byBen : byAnn
      expect(await codeOf(() => processMessage(cat.device.ctx, read.state, other.commit))).toBe(
        'mls/wrong-epoch',
      )
      const lost = (await processMessage(loser.device.ctx, loser.state, winner.commit)).state
      const again = { roles: withAdmins(lost, losing) }
      expect(await codeOf(() => changeGroup(loser.device.ctx, lost, again))).toBe('mls/not-permitted')
    }
  })

  it('a demoted admin’s commit in flight is a rival of its parent epoch and nothing later', async () => {
    await promote({ ann: 'full', ben: 'members' })
    const [ann, ben, cat] = [party(group, 'ann'), party(group, 'ben'), party(group, 'cat')]
    const removal = await removeMembers(ben.device.ctx, ben.state, [leafOf(group, 'dan')])
    const demotion = await changeGroup(ann.device.ctx, ann.state, {
      roles: withAdmins(ann.state, { ann: 'full' }),
    })
    const inTime = await processMessage(cat.device.ctx, cat.state, removal.commit)
    expect(inTime.event).toMatchObject({ kind: 'commit', privileged: true })
    const { state } = await processMessage(cat.device.ctx, cat.state, demotion.commit)
    expect(await codeOf(() => processMessage(cat.device.ctx, state, removal.commit))).toBe('mls/wrong-epoch')
    ben.state = (await processMessage(ben.device.ctx, ben.state, demotion.commit)).state
    const late = await lawless('ben', { remove: [leafOf(group, 'dan')] })
    expect(await codeOf(() => processMessage(cat.device.ctx, state, late))).toBe('mls/not-permitted')
  })
})

describe('a group of equals stays one', () => {
  it('nobody can give it roles, and nobody can take them away', async () => {
    const equals = await roleGroup(['ann', 'ben'], null)
    const ann = party(equals, 'ann')
    const roles = { ...withAdmins(party(group, 'ann').state, { ann: 'full' }) }
    expect(await codeOf(() => changeGroup(ann.device.ctx, ann.state, { roles }))).toBe(
      'mls/unsupported-proposal',
    )
  })

  it('roles that are dropped, damaged or not in their one form are refused from an admin too', async () => {
    const [ann, ben] = [party(group, 'ann'), party(group, 'ben')]
    const roles = rolesExtensions(withAdmins(ann.state, { ann: 'full', ben: 'full' }))
    const [required, own] = roles as [Extension, Extension]
    const damaged = { ...own, extensionData: own.extensionData.slice(1) }
    for (const wrong of [[], [required], [own], [own, required], [required, own, own], [required, damaged]]) {
      const groupContextExtensions = { extensions: wrong }
      const proposals = [{ proposalType: 'group_context_extensions' as const, groupContextExtensions }]
      const { path } = await rawPath(ann.device, ann.state)
      const message = await rawCommit(ann.device, ann.state, { proposals, path })
      expect(await codeOf(() => processMessage(ben.device.ctx, ben.state, message))).toBe('mls/bad-commit')
    }
  })

  it('a commit of extensions alone without a path is refused (defect 2)', async () => {
    const [ann, ben] = [party(group, 'ann'), party(group, 'ben')]
    const extensions = rolesExtensions(withAdmins(ann.state, { ann: 'full', ben: 'full' }))
    const proposals = [
      { proposalType: 'group_context_extensions' as const, groupContextExtensions: { extensions } },
    ]
    // Right in everything else, confirmation tag included.
    const tree = raw(ann.device, ann.state).client.ratchetTree
    const outcome = { tree, commitSecret: new Uint8Array(32) }
    const message = await rawCommit(ann.device, ann.state, { proposals, outcome, extensions })
    expect(await codeOf(() => processMessage(ben.device.ctx, ben.state, message))).toBe('mls/bad-commit')
  })

  it('epochs go on as before', async () => {
    const ann = party(group, 'ann')
    const before = epoch(ann.state)
    expect(epoch((await updateSelf(ann.device.ctx, ann.state)).state)).toBe(before + 1)
  })
})
