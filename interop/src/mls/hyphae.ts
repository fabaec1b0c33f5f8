// Our side: @hyphae/mls with the settings for groups that other programs are in.
import { systemClock, utf8 } from '../../../packages/core/dist/index.js'
import { defaultCrypto as crypto } from '../../../packages/crypto/dist/index.node.js'
import {
  addMembers,
  changeGroup,
  commitLeaves,
  createGroup,
  createKeyPackage,
  encryptMessage,
  epoch,
  exportGroupInfo,
  type GroupState,
  generateSigningKey,
  joinExternally,
  joinGroup,
  type MlsContext,
  type MlsIdentity,
  type MlsSuite,
  members,
  processMessage,
  proposeLeave,
  removeMembers,
  type SigningKey,
  updateSelf,
} from '../../../packages/mls/dist/index.js'
import { p256Suite, p384Suite } from '../../../packages/mls/dist/suites.js'
import type { Commit, Party } from './party.js'

/** MLSMessage { version 1, wireformat mls_key_package } stands before what we publish. */
const KEY_PACKAGE_HEADER = Uint8Array.of(0, 1, 0, 5)

export interface HyphaeParty extends Party {
  /** A commit that replaces the extensions of the GroupContext. */
  changeExtensions(extensions: readonly { type: number; data: Uint8Array }[]): Promise<Commit>
  /** One MLSMessage: a proposal to remove this member. */
  proposeLeave(): Promise<Uint8Array>
}

/** One of our devices, in at most one group. */
interface Device {
  readonly ctx: MlsContext
  readonly identity: MlsIdentity<SigningKey>
  readonly offers: { keyPackage: Uint8Array; secret: Uint8Array }[]
  group: GroupState | null
}

function here({ group }: Device): GroupState {
  if (group === null) throw new Error('in no group')
  return group
}

/** The state after one of this device's own commits, and what the others are sent. */
function take(device: Device, made: { state: GroupState; commit: Uint8Array; welcome?: Uint8Array }): Commit {
  device.group = made.state
  return { commit: made.commit, ...(made.welcome && { welcome: made.welcome }) }
}

const nameOf = (credential: Uint8Array): string => new TextDecoder().decode(credential)

type Entering = Pick<Party, 'offer' | 'create' | 'join' | 'groupInfo' | 'joinExternally' | 'forget'>

function entering(device: Device): Entering {
  const { ctx, identity, offers } = device
  return {
    async offer() {
      const made = await createKeyPackage(ctx, identity)
      offers.push(made)
      return made.keyPackage.slice(KEY_PACKAGE_HEADER.length)
    },
    async create(groupId) {
      device.group = await createGroup(ctx, identity, groupId)
    },
    async join(welcome) {
      const offer = offers.at(-1)
      if (offer === undefined) throw new Error('nothing was offered')
      device.group = await joinGroup(ctx, { ...offer, welcome })
    },
    groupInfo: () => exportGroupInfo(ctx, here(device)),
    joinExternally: async (groupInfo) => take(device, await joinExternally(ctx, identity, { groupInfo })),
    async forget() {
      device.group = null
    },
  }
}

type Changing = Pick<
  HyphaeParty,
  'update' | 'add' | 'remove' | 'commitProposals' | 'changeExtensions' | 'proposeLeave'
>

function changing(device: Device): Changing {
  const { ctx } = device
  return {
    update: async () => take(device, await updateSelf(ctx, here(device))),
    async add(packages) {
      const whole = packages.map((one) => Uint8Array.of(...KEY_PACKAGE_HEADER, ...one))
      return take(device, await addMembers(ctx, here(device), whole))
    },
    async remove(gone) {
      const leaves = members(here(device)).filter(({ credential }) => gone.includes(nameOf(credential)))
      const removal = await removeMembers(
        ctx,
        here(device),
        leaves.map(({ leaf }) => leaf),
      )
      return take(device, removal)
    },
    commitProposals: async () => take(device, await commitLeaves(ctx, here(device))),
    changeExtensions: async (extensions) =>
      take(device, await changeGroup(ctx, here(device), { extensions })),
    async proposeLeave() {
      const asked = await proposeLeave(ctx, here(device))
      device.group = asked.state
      return asked.message
    },
  }
}

type Talking = Pick<Party, 'say' | 'read' | 'epoch' | 'members'>

function talking(device: Device): Talking {
  const { ctx } = device
  return {
    async say(text) {
      const sent = await encryptMessage(ctx, here(device), utf8(text), new Uint8Array())
      device.group = sent.state
      return sent.message
    },
    async read(message) {
      const { state, event } = await processMessage(ctx, here(device), message)
      device.group = state
      return event.kind === 'application'
        ? { kind: 'text', text: new TextDecoder().decode(event.plaintext) }
        : { kind: 'handshake' }
    },
    epoch: async () => epoch(here(device)),
    members: async () =>
      members(here(device))
        .map(({ credential }) => nameOf(credential))
        .sort(),
  }
}

export function hyphaeParty(suite: number, name: string): HyphaeParty {
  const ctx: MlsContext = {
    crypto,
    suite: suite as MlsSuite,
    suites: [p256Suite, p384Suite],
    clock: systemClock,
    authenticate: (credential: Uint8Array) => credential.length > 0,
    interop: { publicHandshakes: true, externalJoins: true, extensions: [] },
  }
  const identity = { signing: generateSigningKey(ctx), credential: utf8(name) }
  const device: Device = { ctx, identity, offers: [], group: null }
  return { name, program: 'hyphae', ...entering(device), ...changing(device), ...talking(device) }
}
