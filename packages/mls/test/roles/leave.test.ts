// Leaving a group with roles: who commits it, and who cannot go.
import { beforeEach, describe, expect, it } from 'vitest'
import {
  changeGroup,
  commitLeaves,
  decodeGroup,
  encodeGroup,
  leavingMembers,
  processMessage,
  proposeLeave,
  updateSelf,
} from '../../src/index.js'
import { rawProposal, remove } from '../attacker.js'
import { codeOf } from '../helpers.js'
import {
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

async function ask(name: string): Promise<void> {
  const { device, state } = party(group, name)
  const asked = await proposeLeave(device.ctx, state)
  party(group, name).state = asked.state
  for (const [other, one] of Object.entries(group))
    if (other !== name) one.state = (await processMessage(one.device.ctx, one.state, asked.message)).state
}

describe('a member that asks to leave', () => {
  it('goes with the next commit of an admin, as its removal', async () => {
    await ask('dan')
    const ann = party(group, 'ann')
    expect(leavingMembers(ann.device.ctx, ann.state)).toEqual([leafOf(group, 'dan')])
    const made = await updateSelf(ann.device.ctx, ann.state)
    ann.state = made.state
    const dan = party(group, 'dan')
    await broadcast(group, 'ann', made.commit)
    expect(await codeOf(() => updateSelf(dan.device.ctx, dan.state))).toBe('mls/removed')
    delete group.dan
    expect(inOneEpoch(group)).toBe(true)
  })

  it('stays while members without that right commit for themselves, and goes when one names it', async () => {
    await ask('dan')
    const [ben, dan] = [party(group, 'ben'), party(group, 'dan')]
    dan.state = decodeGroup(dan.device.ctx, encodeGroup(dan.state))
    const made = await commitLeaves(ben.device.ctx, ben.state)
    expect(made.privileged).toBe(false)
    ben.state = made.state
    const event = await broadcast(group, 'ben', made.commit)
    expect(event.removed.map(({ leaf }) => leaf)).toEqual([3])
    expect(await codeOf(() => updateSelf(dan.device.ctx, dan.state))).toBe('mls/removed')
    delete group.dan
    expect(roster(party(group, 'cat'))).toEqual({ ann: 1, ben: 1, cat: 1 })
    expect(inOneEpoch(group)).toBe(true)
  })

  it('goes with the commit of an admin for members, and an admin that asked along with it does not', async () => {
    const ann = party(group, 'ann')
    const roles = withAdmins(ann.state, { ann: 'full', ben: 'members', cat: 'rotation' })
    const made = await changeGroup(ann.device.ctx, ann.state, { roles })
    ann.state = made.state
    await broadcast(group, 'ann', made.commit)
    await ask('cat')
    await ask('dan')
    const ben = party(group, 'ben')
    const update = await updateSelf(ben.device.ctx, ben.state)
    ben.state = update.state
    const event = await broadcast(group, 'ben', update.commit)
    expect(event.removed.map(({ leaf }) => leaf)).toEqual([3])
    delete group.dan
    expect(inOneEpoch(group)).toBe(true)
  })

  it('an ordinary update leaves it where it is', async () => {
    await ask('dan')
    const ben = party(group, 'ben')
    const made = await updateSelf(ben.device.ctx, ben.state)
    ben.state = made.state
    expect((await broadcast(group, 'ben', made.commit)).removed).toEqual([])
    expect(inOneEpoch(group)).toBe(true)
  })

  it('a reader that has not seen the proposal waits for it', async () => {
    const { device, state } = party(group, 'dan')
    const asked = await proposeLeave(device.ctx, state)
    const [ben, cat] = [party(group, 'ben'), party(group, 'cat')]
    ben.state = (await processMessage(ben.device.ctx, ben.state, asked.message)).state
    const made = await commitLeaves(ben.device.ctx, ben.state)
    const early = await codeOf(() => processMessage(cat.device.ctx, cat.state, made.commit))
    expect(early).toBe('mls/missing-proposal')
    cat.state = (await processMessage(cat.device.ctx, cat.state, asked.message)).state
    expect(await codeOf(() => processMessage(cat.device.ctx, cat.state, made.commit))).toBe('no error')
  })

  it('nobody is put out by a leave that another member has made up', async () => {
    const [ben, cat] = [party(group, 'ben'), party(group, 'cat')]
    const { message } = await rawProposal(ben.device, ben.state, remove(leafOf(group, 'dan')))
    expect(await codeOf(() => processMessage(cat.device.ctx, cat.state, message))).toBe('mls/bad-proposal')
    expect(await codeOf(() => commitLeaves(ben.device.ctx, ben.state))).toBe('mls/bad-argument')
  })
})

describe('the last full admin', () => {
  it('cannot ask to leave, and nobody keeps such a request', async () => {
    const [ann, ben] = [party(group, 'ann'), party(group, 'ben')]
    expect(await codeOf(() => proposeLeave(ann.device.ctx, ann.state))).toBe('mls/not-permitted')
    const { message } = await rawProposal(ann.device, ann.state, remove(leafOf(group, 'ann')))
    expect(await codeOf(() => processMessage(ben.device.ctx, ben.state, message))).toBe('mls/not-permitted')
  })

  it('leaves once another one has been named; two who ask together do not both go', async () => {
    const ann = party(group, 'ann')
    const roles = withAdmins(ann.state, { ann: 'full', ben: 'full' })
    const made = await changeGroup(ann.device.ctx, ann.state, { roles })
    ann.state = made.state
    await broadcast(group, 'ann', made.commit)
    await ask('ann')
    await ask('ben')
    const cat = party(group, 'cat')
    const gone = await commitLeaves(cat.device.ctx, cat.state)
    cat.state = gone.state
    const event = await broadcast(group, 'cat', gone.commit)
    expect(event.removed).toHaveLength(1)
    delete group.ann
    expect(inOneEpoch(group)).toBe(true)
    expect(roster(cat)).toEqual({ ben: 1, cat: 1, dan: 1 })
  })
})
