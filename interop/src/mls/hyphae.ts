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

export function hyphaeParty(suite: number, name: string): HyphaeParty {
  const ctx: MlsContext = {
    crypto,
    suite: suite as MlsSuite,
    suites: [p256Suite, p384Suite],
    clock: systemClock,
    authenticate: (credential: Uint8Array) => credential.length > 0,
    interop: { publicHandshakes: true, externalJoins: true, extensions: [] },
  }
  const identity: MlsIdentity<SigningKey> = { signing: generateSigningKey(ctx), credential: utf8(name) }
  const offers: { keyPackage: Uint8Array; secret: Uint8Array }[] = []
  let group: GroupState | undefined
  const here = (): GroupState => {
    if (group === undefined) throw new Error('in no group')
    return group
  }
  function take<T extends { state: GroupState; commit: Uint8Array; welcome?: Uint8Array }>(made: T): Commit {
    group = made.state
    return { commit: made.commit, ...(made.welcome && { welcome: made.welcome }) }
  }
  const names = (): string[] => members(here()).map(({ credential }) => new TextDecoder().decode(credential))
  return {
    name,
    program: 'hyphae',
    async offer() {
      const made = await createKeyPackage(ctx, identity)
      offers.push(made)
      return made.keyPackage.slice(KEY_PACKAGE_HEADER.length)
    },
    async create(groupId) {
      group = await createGroup(ctx, identity, groupId)
    },
    async join(welcome) {
      const offer = offers.at(-1)
      if (offer === undefined) throw new Error('nothing was offered')
      group = await joinGroup(ctx, { ...offer, welcome })
    },
    groupInfo: () => exportGroupInfo(ctx, here()),
    joinExternally: async (groupInfo) => take(await joinExternally(ctx, identity, { groupInfo })),
    async say(text) {
      const sent = await encryptMessage(ctx, here(), utf8(text), new Uint8Array())
      group = sent.state
      return sent.message
    },
    async read(message) {
      const { state, event } = await processMessage(ctx, here(), message)
      group = state
      return event.kind === 'application'
        ? { kind: 'text', text: new TextDecoder().decode(event.plaintext) }
        : { kind: 'handshake' }
    },
    update: async () => take(await updateSelf(ctx, here())),
    add: async (packages) =>
      take(
        await addMembers(
          ctx,
          here(),
          packages.map((one) => Uint8Array.of(...KEY_PACKAGE_HEADER, ...one)),
        ),
      ),
    async remove(gone) {
      const leaves = members(here())
        .filter(({ credential }) => gone.includes(new TextDecoder().decode(credential)))
        .map(({ leaf }) => leaf)
      return take(await removeMembers(ctx, here(), leaves))
    },
    changeExtensions: async (extensions) => take(await changeGroup(ctx, here(), { extensions })),
    commitProposals: async () => take(await commitLeaves(ctx, here())),
    async proposeLeave() {
      const asked = await proposeLeave(ctx, here())
      group = asked.state
      return asked.message
    },
    epoch: async () => epoch(here()),
    members: async () => names().sort(),
    async forget() {
      group = undefined
    },
  }
}
