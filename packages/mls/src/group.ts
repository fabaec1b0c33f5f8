/**
 * What a member does to a group: create it, add, remove, refresh itself, derive secrets from it. Each
 * operation returns the state in the next epoch at once; a caller that orders commits keeps both states
 * until it knows which one stands.
 */
import { GROUP_ID_BYTES, utf8 } from '@hyphae/core'
import type { Extension, Proposal } from 'ts-mls'
import { createGroup as createMlsGroup } from 'ts-mls/clientState.js'
import { decodeExtension } from 'ts-mls/extension.js'
import { mlsExporter } from 'ts-mls/keySchedule.js'
import { buildCommit } from './commit.js'
import { clientConfig, type MlsContext, type MlsIdentity } from './context.js'
import { firstState } from './epoch.js'
import { MlsError } from './errors.js'
import { decodeKeyPackage, generatePair, nowSeconds } from './key-package.js'
import { assertKeyPackage } from './leaf.js'
import { MAX_EXPORT_BYTES, MAX_EXPORT_CONTEXT_BYTES, MAX_MEMBERS } from './limits.js'
import { suiteOf } from './provider.js'
import { accountOf } from './roles/accounts.js'
import { rolesExtensions } from './roles/extension.js'
import type { ExternalJoinRule, InviteRule, Roles } from './roles/roles.js'
import type { SigningKey } from './signing.js'
import { type GroupState, leafAt, type Member, memberOf, type Opened, openState, wrapState } from './state.js'
import { DEFAULT_SUITE } from './suite.js'
import type { TreePlace } from './tree-chunks.js'

/** What a group begins with besides its creator, who becomes its first full admin. */
export interface RoleOptions {
  readonly inviteRule: InviteRule
  readonly externalJoinRule: ExternalJoinRule
}

export interface Committed {
  readonly state: GroupState
  readonly commit: Uint8Array
  /** It used a right that not everybody has, as its event says at the others. */
  readonly privileged: boolean
}

/**
 * A group of one, in epoch 0. `groupId` is 16 random bytes that the caller picks. With `roles` the group has
 * admins for good, without them all members are equal for good.
 * @throws MlsError `mls/bad-argument`, `mls/bad-credential`
 */
export async function createGroup(
  ctx: MlsContext,
  identity: MlsIdentity<SigningKey>,
  groupId: Uint8Array,
  roles?: RoleOptions,
): Promise<GroupState> {
  if (groupId.length !== GROUP_ID_BYTES)
    throw new MlsError('mls/bad-argument', { details: { length: groupId.length, expected: GROUP_ID_BYTES } })
  const { publicPackage, privatePackage } = await generatePair(ctx, identity)
  const cs = suiteOf(ctx.crypto, ctx.suite ?? DEFAULT_SUITE, ctx.suites)
  const config = clientConfig(ctx)
  const created = await createMlsGroup(
    groupId.slice(),
    publicPackage,
    privatePackage,
    roles === undefined ? [] : rolesExtensions(firstRoles(accountOf(ctx, identity.credential), roles)),
    cs,
    config,
  )
  return wrapState(firstState(created))
}

function firstRoles(creator: Uint8Array, options: RoleOptions): Roles {
  return { ...options, creator, admins: [{ account: creator, right: 'full' }] }
}

/** Everything that one commit may change; what is left out stays. */
export interface GroupChanges {
  /** KeyPackages of devices to add. */
  readonly add?: readonly Uint8Array[]
  /** Where the Welcome has the tree: inside, unless the group is so large that joiners had better fetch it. */
  readonly tree?: TreePlace
  /** Leaves to remove. */
  readonly remove?: readonly number[]
  /** The roles from then on. */
  readonly roles?: Roles
  /** The extensions of the GroupContext from then on, by type; only in a group shared with other programs. */
  readonly extensions?: readonly { readonly type: number; readonly data: Uint8Array }[]
}

function additions({ cs }: Opened, ctx: MlsContext, keyPackages: readonly Uint8Array[]): Proposal[] {
  return keyPackages.map((bytes) => {
    const keyPackage = decodeKeyPackage(bytes)
    assertKeyPackage(keyPackage, cs.sync, { now: nowSeconds(ctx), sending: true })
    return { proposalType: 'add', add: { keyPackage } }
  })
}

function removals({ client }: Opened, leafIndices: readonly number[]): Proposal[] {
  const leaves = [...new Set(leafIndices)]
  if (leaves.includes(client.privatePath.leafIndex))
    throw new MlsError('mls/bad-argument', { details: { leaves: leaves.length } })
  for (const leaf of leaves)
    if (leafAt(client.ratchetTree, leaf) === null)
      throw new MlsError('mls/not-a-member', { details: { leaf } })
  return leaves.map((removed) => ({ proposalType: 'remove', remove: { removed } }))
}

/** ts-mls calls those that RFC 9420 defines by name. */
function foreignExtension({ type, data }: { type: number; data: Uint8Array }): Extension {
  const decoded = decodeExtension(Uint8Array.of(type >>> 8, type & 0xff, 0), 0)
  if (decoded === undefined) throw new MlsError('mls/bad-argument', { details: { type } })
  return { extensionType: decoded[0].extensionType, extensionData: data.slice() }
}

function extensionChange(extensions: Extension[]): Proposal {
  return { proposalType: 'group_context_extensions', groupContextExtensions: { extensions } }
}

/**
 * Adds, removes and changes roles in one commit, with one Welcome for all that it adds. Send the Welcome only
 * once the commit stands. Empty changes refresh this member's keys.
 * @throws MlsError `mls/not-permitted`, `mls/bad-key-package`, `mls/expired`, `mls/bad-credential`,
 *   `mls/duplicate-member`, `mls/group-full`, `mls/too-large`, `mls/not-a-member`, `mls/removed`,
 *   `mls/bad-argument`
 */
export async function changeGroup(
  ctx: MlsContext,
  state: GroupState,
  changes: GroupChanges,
): Promise<Committed & { welcome?: Uint8Array; members: Member[] }> {
  const opened = openState(ctx, state)
  const { add = [], remove = [], roles, extensions } = changes
  if (add.length >= MAX_MEMBERS)
    throw new MlsError('mls/bad-argument', { details: { keyPackages: add.length } })
  const proposals = [...additions(opened, ctx, add), ...removals(opened, remove)]
  if (roles !== undefined) proposals.push(extensionChange(rolesExtensions(roles)))
  if (extensions !== undefined) proposals.push(extensionChange(extensions.map(foreignExtension)))
  const { client, commit, welcome, added, privileged } = await buildCommit(ctx, opened, {
    proposals,
    tree: changes.tree ?? 'inside',
  })
  const members = added.map(([leaf, { leafNode }]) => memberOf(leaf, leafNode))
  return { state: wrapState(client), commit, privileged, members, ...(welcome && { welcome }) }
}

/**
 * Adds a device for each KeyPackage, in one commit with one Welcome for all of them. Send the Welcome only
 * once the commit stands. With the tree `apart`, publish `treeChunks` of the new state first.
 * @throws MlsError as changeGroup
 */
export async function addMembers(
  ctx: MlsContext,
  state: GroupState,
  keyPackages: readonly Uint8Array[],
  tree: TreePlace = 'inside',
): Promise<Committed & { welcome: Uint8Array; members: Member[] }> {
  openState(ctx, state)
  if (keyPackages.length === 0) throw new MlsError('mls/bad-argument', { details: { keyPackages: 0 } })
  const { welcome, ...rest } = await changeGroup(ctx, state, { add: keyPackages, tree })
  if (welcome === undefined) throw new MlsError('mls/bad-commit')
  return { ...rest, welcome }
}

/**
 * Removes the members at these leaves; from the next epoch on they read nothing.
 * @throws MlsError `mls/not-a-member`, `mls/not-permitted`, `mls/bad-argument` for the own leaf or none,
 *   `mls/removed`
 */
export async function removeMembers(
  ctx: MlsContext,
  state: GroupState,
  leafIndices: readonly number[],
): Promise<Committed> {
  openState(ctx, state)
  if (leafIndices.length === 0) throw new MlsError('mls/bad-argument', { details: { leaves: 0 } })
  const { commit, privileged, ...rest } = await changeGroup(ctx, state, { remove: leafIndices })
  return { state: rest.state, commit, privileged }
}

/** Refreshes this member's keys: what was stolen before no longer opens anything. @throws MlsError `mls/removed` */
export async function updateSelf(ctx: MlsContext, state: GroupState): Promise<Committed> {
  const { client, commit, privileged } = await buildCommit(ctx, openState(ctx, state), { proposals: [] })
  return { state: wrapState(client), commit, privileged }
}

/**
 * RFC 9420 section 8.5: a secret that all members of this epoch share and nobody else knows.
 * @throws MlsError `mls/bad-argument`, `mls/removed`
 */
export async function exportSecret(
  ctx: MlsContext,
  state: GroupState,
  label: string,
  context: Uint8Array,
  length: number,
): Promise<Uint8Array> {
  const { client, cs } = openState(ctx, state)
  const fits =
    Number.isInteger(length) &&
    length > 0 &&
    length <= MAX_EXPORT_BYTES &&
    utf8(label).length <= MAX_EXPORT_CONTEXT_BYTES &&
    context.length <= MAX_EXPORT_CONTEXT_BYTES
  if (!fits) throw new MlsError('mls/bad-argument', { details: { length, context: context.length } })
  return mlsExporter(client.keySchedule.exporterSecret, label, context, length, cs)
}
