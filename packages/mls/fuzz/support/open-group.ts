/** A group with roles that anybody may come into, the same in every run; beside it what a newcomer is given. */
import { createNobleCrypto, unsafeSeededRng } from '@hyphae/crypto'
import {
  addMembers,
  createGroup,
  createKeyPackage,
  exportGroupInfo,
  type GroupState,
  joinExternally,
  joinGroup,
  type MlsContext,
  type MlsIdentity,
} from '../../src/index.js'

export interface OpenGroup {
  readonly ctx: MlsContext
  /** A member that reads what newcomers send. */
  readonly member: GroupState
  readonly newcomer: MlsIdentity
  readonly groupInfo: Uint8Array
  /** The newcomer's honest commit. */
  readonly commit: Uint8Array
}

const NOW = Date.UTC(2026, 0, 1)

async function build(): Promise<OpenGroup> {
  const crypto = createNobleCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(0x6f)) })
  const ctx: MlsContext = { crypto, clock: { now: () => NOW }, authenticate: () => true }
  const [creator, other, newcomer] = ['creator', 'other', 'newcomer'].map((name) => ({
    signing: crypto.ed25519.generate(),
    credential: new TextEncoder().encode(name),
  })) as [MlsIdentity, MlsIdentity, MlsIdentity]
  const roles = { inviteRule: 'members', externalJoinRule: 'anyone' } as const
  const alone = await createGroup(ctx, creator, new Uint8Array(16).fill(0x6f), roles)
  const offer = await createKeyPackage(ctx, other)
  const added = await addMembers(ctx, alone, [offer.keyPackage])
  const member = await joinGroup(ctx, { ...offer, welcome: added.welcome })
  const groupInfo = await exportGroupInfo(ctx, added.state)
  const { commit } = await joinExternally(ctx, newcomer, { groupInfo })
  return { ctx, member, newcomer, groupInfo, commit }
}

let built: Promise<OpenGroup> | undefined

export function openGroup(): Promise<OpenGroup> {
  built ??= build()
  return built
}
