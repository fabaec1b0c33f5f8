// The state that was given stays as it was, byte by byte, whatever is done with roles, leaves and newcomers.
import { beforeAll, describe, expect, it } from 'vitest'
import {
  accounts,
  changeGroup,
  commitLeaves,
  encodeGroup,
  exportGroupInfo,
  forgetGroup,
  type GroupState,
  joinExternally,
  nextUpdateAt,
  processMessage,
  proposeLeave,
  rolesOf,
} from '../../src/index.js'
import { codeOf, START } from '../helpers.js'
import { accountDevice, leafOf, type Parties, party, roleGroup, withAdmins } from './support.js'

let group: Parties

beforeAll(async () => {
  group = await roleGroup(['ann', 'ben', 'cat'], { inviteRule: 'members', externalJoinRule: 'anyone' })
})

describe('the state that an operation was given', () => {
  it('is the same after every operation, at whoever commits and whoever reads', async () => {
    const [ann, ben, cat] = [party(group, 'ann'), party(group, 'ben'), party(group, 'cat')]
    const { ctx } = ann.device
    const before = [ann, ben, cat].map(({ state }) => encodeGroup(state))
    const eve = accountDevice('eve')
    const asked = await proposeLeave(cat.device.ctx, cat.state)
    const informed = (await processMessage(ctx, ann.state, asked.message)).state
    const newcomer = await joinExternally(eve.ctx, eve.identity, {
      groupInfo: await exportGroupInfo(ctx, ann.state),
    })
    const commits = [
      (await changeGroup(ctx, ann.state, { roles: withAdmins(ann.state, { ann: 'full', ben: 'full' }) }))
        .commit,
      (await changeGroup(ctx, ann.state, { remove: [leafOf(group, 'cat')] })).commit,
      newcomer.commit,
    ]
    await commitLeaves(ctx, informed)
    for (const commit of [...commits, asked.message]) await processMessage(ben.device.ctx, ben.state, commit)
    accounts(ctx, ann.state)
    nextUpdateAt(ctx, ann.state, START)
    const roles = rolesOf(ann.state)
    roles?.creator.fill(0)
    for (const { account } of roles?.admins ?? []) account.fill(0)
    expect([ann, ben, cat].map(({ state }) => encodeGroup(state))).toEqual(before)
  })

  it('is wiped only when it is given up, and its rival goes on (defect 1)', async () => {
    const [ann, ben] = [party(group, 'ann'), party(group, 'ben')]
    const own = await changeGroup(ann.device.ctx, ann.state, {
      roles: withAdmins(ann.state, { ann: 'full', ben: 'members' }),
    })
    const rival = await changeGroup(ben.device.ctx, ben.state, {})
    // The own commit is stored and given up for the one that won; what is kept is whole.
    forgetGroup(own.state, [ann.state])
    const won: GroupState = (await processMessage(ann.device.ctx, ann.state, rival.commit)).state
    forgetGroup(ann.state, [won])
    expect(await codeOf(() => encodeGroup(ann.state))).toBe('mls/foreign-state')
    const again = await changeGroup(ann.device.ctx, won, {
      roles: withAdmins(won, { ann: 'full', ben: 'members' }),
    })
    expect(await codeOf(() => processMessage(ben.device.ctx, rival.state, again.commit))).toBe('no error')
  })
})
