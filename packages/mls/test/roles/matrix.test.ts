// Hostile 24 in real groups: every kind of proposal committed by every role, tried honestly and by force.
import type { Proposal } from 'ts-mls'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildCommit } from '../../src/commit.js'
import {
  changeGroup,
  createKeyPackage,
  encodeGroup,
  type GroupChanges,
  type MlsContext,
  processMessage,
  proposeLeave,
} from '../../src/index.js'
import { custom, raw, rawCommit, rawPath, rawProposal, rawUpdate } from '../attacker.js'
import { codeOf, string, text } from '../helpers.js'
import {
  accountDevice,
  accountIn,
  broadcast,
  leafOf,
  type Parties,
  party,
  roleGroup,
  withAdmins,
} from './support.js'

const ROLES = ['full', 'members', 'rotation', 'plain'] as const
type Role = (typeof ROLES)[number]
const REFUSED = 'mls/not-permitted'
const UNKNOWN = 'mls/unsupported-proposal'
const OK = 'no error'

/** Named as their roles; `boss` is another full admin, `other` and `leaver` are ordinary. */
let group: Parties

beforeAll(async () => {
  group = await roleGroup(['full', 'members', 'rotation', 'plain', 'boss', 'other', 'leaver'])
  const first = party(group, 'full')
  const roles = withAdmins(first.state, {
    full: 'full',
    members: 'members',
    rotation: 'rotation',
    boss: 'full',
  })
  const made = await changeGroup(first.device.ctx, first.state, { roles })
  first.state = made.state
  await broadcast(group, 'full', made.commit)
})

/** The role takes itself for the first admin, and that one for itself: it forbids itself nothing. */
function lawless(role: Role): MlsContext {
  const { ctx } = party(group, role).device
  const swap: Record<string, string> = { [role]: 'full', full: role }
  const accountOf = (credential: Uint8Array): Uint8Array => {
    const account = string(accountIn(credential))
    return text(swap[account] ?? account)
  }
  return { ...ctx, accountOf }
}

async function verdictOf(reader: string, message: Uint8Array): Promise<string> {
  const { device, state } = party(group, reader)
  const before = encodeGroup(state)
  const code = await codeOf(() => processMessage(device.ctx, state, message))
  expect(encodeGroup(state)).toEqual(before)
  return code
}

const offer = async (name: string): Promise<Uint8Array> => {
  const made = accountDevice(name)
  return (await createKeyPackage(made.ctx, made.identity)).keyPackage
}

type Expected = Readonly<Record<Role, string>>
const all = (code: string): Expected => ({ full: code, members: code, rotation: code, plain: code })

describe('a member of each role commits', () => {
  const cases: readonly [string, () => Promise<GroupChanges>, Expected][] = [
    [
      'an Add of a stranger',
      async () => ({ add: [await offer('eve')] }),
      { ...all(REFUSED), full: OK, members: OK },
    ],
    [
      'an Add of an admin’s device',
      async () => ({ add: [await offer('boss/2')] }),
      { ...all(REFUSED), full: OK },
    ],
    [
      'a Remove of a member',
      async () => ({ remove: [leafOf(group, 'leaver')] }),
      { ...all(REFUSED), full: OK, members: OK },
    ],
    [
      'a Remove of an admin',
      async () => ({ remove: [leafOf(group, 'boss')] }),
      { ...all(REFUSED), full: OK },
    ],
    [
      'new roles',
      async () => ({ roles: withAdmins(party(group, 'full').state, { full: 'full', other: 'full' }) }),
      { ...all(REFUSED), full: OK },
    ],
    ['nothing but its own keys', async () => ({}), all(OK)],
  ]
  it.each(cases)('%s', async (_, changesOf, expected) => {
    for (const role of ROLES) {
      const { device, state } = party(group, role)
      const changes = await changesOf()
      expect(await codeOf(() => changeGroup(device.ctx, state, changes)), role).toBe(expected[role])
      const { commit } = await changeGroup(lawless(role), state, changes)
      expect(await verdictOf('other', commit), `${role} by force`).toBe(expected[role])
    }
  })

  const refused: readonly [string, Proposal][] = [
    ['a custom proposal', custom(0xf00d)],
    [
      'a pre-shared key',
      {
        proposalType: 'psk',
        psk: { preSharedKeyId: { psktype: 'external', pskId: text('psk'), pskNonce: new Uint8Array(32) } },
      },
    ],
    [
      'a ReInit',
      {
        proposalType: 'reinit',
        reinit: {
          groupId: new Uint8Array(16),
          version: 'mls10',
          cipherSuite: 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519',
          extensions: [],
        },
      },
    ],
  ]
  it.each(refused)('%s: nobody may', async (_, proposal) => {
    for (const role of ROLES) {
      const { device, state } = party(group, role)
      const message = await rawCommit(device, state, {
        proposals: [proposal],
        ...(await rawPath(device, state)),
      })
      expect(await verdictOf('other', message), role).toBe(UNKNOWN)
    }
  })

  it('an ExternalInit as a member: nobody may', async () => {
    for (const role of ROLES) {
      const { device, state } = party(group, role)
      const init: Proposal = {
        proposalType: 'external_init',
        externalInit: { kemOutput: new Uint8Array(32) },
      }
      const message = await rawCommit(device, state, { proposals: [init], ...(await rawPath(device, state)) })
      expect(await verdictOf('other', message), role).toBe('mls/external-commit')
    }
  })
})

describe('a member of each role names what another has proposed', () => {
  /** Role and reader read the proposal in copies of their states; the rest of the group stays as it is. */
  async function named(role: Role, message: Uint8Array, force: boolean): Promise<string> {
    const [actor, reader] = [party(group, role), party(group, 'boss')]
    const ctx = force ? lawless(role) : actor.device.ctx
    const own = (await processMessage(ctx, actor.state, message)).state
    const opened = raw({ ...actor.device, ctx }, own)
    const [reference] = Object.keys(opened.client.unappliedProposals)
    if (reference === undefined) throw new Error('not kept')
    const leaves = [{ leaf: 99, reference: new Uint8Array(Buffer.from(reference, 'base64')) }]
    const built = await buildCommit(ctx, opened, { proposals: [], leaves })
    const read = await processMessage(reader.device.ctx, reader.state, message)
    return codeOf(() => processMessage(reader.device.ctx, read.state, built.commit))
  }

  it('its leave: everybody may', async () => {
    const { device, state } = party(group, 'leaver')
    const { message } = await proposeLeave(device.ctx, state)
    for (const role of ROLES) expect(await named(role, message, false), role).toBe(OK)
  })

  it('its update: whoever has a right', async () => {
    const { device, state } = party(group, 'other')
    const key = device.ctx.crypto.x25519.generate().publicKey
    const { message } = await rawProposal(device, state, await rawUpdate(device, state, key))
    for (const role of ['full', 'members', 'rotation'] as const)
      expect(await named(role, message, false), role).toBe(OK)
    expect(await codeOf(() => named('plain', message, false))).toBe(REFUSED)
    expect(await named('plain', message, true)).toBe(REFUSED)
  })
})
