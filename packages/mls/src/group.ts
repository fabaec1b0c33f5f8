/**
 * What a member does to a group: create it, add, remove, refresh itself, derive secrets from it. Each
 * operation returns the state in the next epoch at once; a caller that orders commits keeps both states
 * until it knows which one stands.
 */
import { GROUP_ID_BYTES, utf8 } from '@hyphae/core'
import type { Proposal } from 'ts-mls'
import { createGroup as createMlsGroup } from 'ts-mls/clientState.js'
import { mlsExporter } from 'ts-mls/keySchedule.js'
import { buildCommit } from './commit.js'
import { clientConfig, type MlsContext, type MlsIdentity } from './context.js'
import { MlsError } from './errors.js'
import { decodeKeyPackage, generatePair, nowSeconds } from './key-package.js'
import { assertKeyPackage } from './leaf.js'
import { MAX_EXPORT_BYTES, MAX_EXPORT_CONTEXT_BYTES, MAX_MEMBERS } from './limits.js'
import { suiteOf } from './provider.js'
import { type GroupState, leafAt, type Member, memberOf, openState, wrapState } from './state.js'
import { DEFAULT_SUITE } from './suite.js'

/**
 * A group of one, in epoch 0. `groupId` is 16 random bytes that the caller picks.
 * @throws MlsError `mls/bad-argument`, `mls/bad-credential`
 */
export async function createGroup(
  ctx: MlsContext,
  identity: MlsIdentity,
  groupId: Uint8Array,
): Promise<GroupState> {
  if (groupId.length !== GROUP_ID_BYTES)
    throw new MlsError('mls/bad-argument', { details: { length: groupId.length, expected: GROUP_ID_BYTES } })
  const { publicPackage, privatePackage } = await generatePair(ctx, identity)
  const cs = suiteOf(ctx.crypto, ctx.suite ?? DEFAULT_SUITE)
  const config = clientConfig(ctx)
  const { clientConfig: _, ...state } = await createMlsGroup(
    groupId.slice(),
    publicPackage,
    privatePackage,
    [],
    cs,
    config,
  )
  return wrapState(state)
}

/**
 * Adds a device for each KeyPackage, in one commit with one Welcome for all of them. Send the Welcome only
 * once the commit stands.
 * @throws MlsError `mls/bad-key-package`, `mls/expired`, `mls/bad-credential`, `mls/duplicate-member`,
 *   `mls/group-full`, `mls/too-large`, `mls/removed`, `mls/bad-argument`
 */
export async function addMembers(
  ctx: MlsContext,
  state: GroupState,
  keyPackages: readonly Uint8Array[],
): Promise<{ state: GroupState; commit: Uint8Array; welcome: Uint8Array; members: Member[] }> {
  const opened = openState(ctx, state)
  if (keyPackages.length === 0 || keyPackages.length >= MAX_MEMBERS)
    throw new MlsError('mls/bad-argument', { details: { keyPackages: keyPackages.length } })
  const proposals = keyPackages.map((bytes): Proposal => {
    const keyPackage = decodeKeyPackage(bytes)
    assertKeyPackage(keyPackage, opened.cs.name, { now: nowSeconds(ctx), sending: true })
    return { proposalType: 'add', add: { keyPackage } }
  })
  const { client, commit, welcome, added } = await buildCommit(opened, proposals)
  if (welcome === undefined) throw new MlsError('mls/bad-commit')
  const members = added.map(([leaf, { leafNode }]) => memberOf(leaf, leafNode))
  return { state: wrapState(client), commit, welcome, members }
}

/**
 * Removes the members at these leaves; from the next epoch on they read nothing.
 * @throws MlsError `mls/not-a-member`, `mls/bad-argument` for the own leaf or none, `mls/removed`
 */
export async function removeMembers(
  ctx: MlsContext,
  state: GroupState,
  leafIndices: readonly number[],
): Promise<{ state: GroupState; commit: Uint8Array }> {
  const opened = openState(ctx, state)
  const { ratchetTree, privatePath } = opened.client
  const leaves = [...new Set(leafIndices)]
  if (leaves.length === 0 || leaves.includes(privatePath.leafIndex))
    throw new MlsError('mls/bad-argument', { details: { leaves: leaves.length } })
  for (const leaf of leaves)
    if (leafAt(ratchetTree, leaf) === null) throw new MlsError('mls/not-a-member', { details: { leaf } })
  const proposals = leaves.map((removed): Proposal => ({ proposalType: 'remove', remove: { removed } }))
  const { client, commit } = await buildCommit(opened, proposals)
  return { state: wrapState(client), commit }
}

/** Refreshes this member's keys: what was stolen before no longer opens anything. @throws MlsError `mls/removed` */
export async function updateSelf(
  ctx: MlsContext,
  state: GroupState,
): Promise<{ state: GroupState; commit: Uint8Array }> {
  const { client, commit } = await buildCommit(openState(ctx, state), [])
  return { state: wrapState(client), commit }
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
