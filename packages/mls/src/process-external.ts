/**
 * Applying an external commit (RFC 9420 section 12.4.3.2), by which a newcomer lets itself in under the group's
 * rule. ts-mls lets it remove any one member; here its Remove can only target the newcomer's own identity.
 */
import { utf8 } from '@hyphae/core'
import type { LeafNode, Proposal, UpdatePath } from 'ts-mls'
import type { PublicMessage } from 'ts-mls/publicMessage.js'
import { addLeafNode, removeLeafNode } from 'ts-mls/ratchetTree.js'
import { nodeToLeafIndex, toLeafIndex } from 'ts-mls/treemath.js'
import type { Applied } from './apply.js'
import type { MlsContext } from './context.js'
import { MlsError, stage } from './errors.js'
import { openPublic } from './handshake.js'
import { assertLeafShape } from './leaf.js'
import { advance, type ProcessedCommit, type Transition } from './process-commit.js'
import type { ResolvedProposal } from './resolved-proposal.js'
import { rolesIn } from './roles/extension.js'
import { assertAllowed, newcomer } from './roles/transition.js'
import { type ClientState, leafAt, type Member, memberAt, memberOf, type Opened } from './state.js'
import { assertMemberCount, assertUniqueChange } from './tree.js'

const EMPTY = new Uint8Array()

/** Section 8.3, the exporter context of the external init secret. */
export const EXTERNAL_INIT_LABEL: Uint8Array = utf8('MLS 1.0 external init secret')

export interface ProcessedExternal extends ProcessedCommit {
  readonly newcomer: Member
}

/** Whether anybody at all may come in from outside. @throws MlsError `mls/external-commit` */
export function assertNewcomersWelcome(ctx: MlsContext, client: ClientState): void {
  const roles = rolesIn(ctx, client.groupContext.extensions, 'mls/bad-commit')
  const open = roles === null ? ctx.interop?.externalJoins === true : roles.externalJoinRule !== 'nobody'
  if (!open) throw new MlsError('mls/external-commit')
}

interface ExternalProposals {
  readonly kemOutput: Uint8Array
  readonly removed: readonly number[]
}

/** Section 12.2: exactly one ExternalInit, at most one Remove, nothing by reference and nothing else. */
export function readExternalProposals(
  client: ClientState,
  proposals: readonly Proposal[],
): ExternalProposals {
  const inits = proposals.flatMap((p) =>
    p.proposalType === 'external_init' ? [p.externalInit.kemOutput] : [],
  )
  const removed = proposals.flatMap((p) => (p.proposalType === 'remove' ? [p.remove.removed] : []))
  const [kemOutput] = inits
  if (kemOutput === undefined || inits.length > 1 || removed.length > 1) throw new MlsError('mls/bad-commit')
  if (proposals.length !== inits.length + removed.length) throw new MlsError('mls/unsupported-proposal')
  for (const leaf of removed)
    if (leaf * 2 >= client.ratchetTree.length || leafAt(client.ratchetTree, leaf) === null)
      throw new MlsError('mls/bad-commit')
  return { kemOutput, removed }
}

/** The tree without the leaf that the newcomer replaces and with its new one in the first free place. */
export function placeNewcomer(
  client: ClientState,
  leafNode: LeafNode,
  removed: readonly number[],
): Pick<Transition, 'tree' | 'committer'> {
  let tree = client.ratchetTree
  for (const leaf of removed) tree = removeLeafNode(tree, toLeafIndex(leaf))
  const [grown, node] = addLeafNode(tree, leafNode)
  assertMemberCount(grown)
  assertUniqueChange(grown, [node])
  return { tree: grown, committer: nodeToLeafIndex(node) }
}

/** Section 8.3: what only holders of this epoch's external secret and the newcomer can derive. */
async function externalInitSecret({ client, cs }: Opened, kemOutput: Uint8Array): Promise<Uint8Array> {
  const { privateKey } = await cs.hpke.deriveKeyPair(client.keySchedule.externalSecret)
  return cs.hpke.importSecret(privateKey, EXTERNAL_INIT_LABEL, kemOutput, cs.kdf.size, EMPTY)
}

async function judge(
  ctx: MlsContext,
  opened: Opened,
  proposals: readonly Proposal[],
  path: UpdatePath,
): Promise<Transition> {
  const { client } = opened
  const { extensions } = client.groupContext
  const { kemOutput, removed } = readExternalProposals(client, proposals)
  assertLeafShape(path.leafNode, opened.cs.sync, 'mls/bad-commit')
  const { tree, committer } = placeNewcomer(client, path.leafNode, removed)
  const roles = rolesIn(ctx, extensions, 'mls/bad-commit')
  const applied: Applied = { tree, extensions, roles, added: [], removed, updated: [], needsPath: true }
  const resolved = removed.map(
    (leaf): ResolvedProposal => ({
      proposal: { proposalType: 'remove', remove: { removed: leaf } },
      sender: committer,
      inline: true,
    }),
  )
  const who = newcomer(ctx, client, path.leafNode, removed)
  const privileged = assertAllowed(ctx, client, who, resolved, applied)
  return { ...applied, committer, privileged, externalInit: await externalInitSecret(opened, kemOutput) }
}

/**
 * @throws MlsError `mls/not-permitted`, `mls/bad-commit`, `mls/unsupported-proposal`, `mls/undecryptable`,
 *   `mls/bad-credential`, `mls/duplicate-member`, `mls/group-full`
 */
export async function processExternalCommit(
  ctx: MlsContext,
  opened: Opened,
  message: PublicMessage,
): Promise<ProcessedExternal> {
  const { client } = opened
  const { content, auth } = await openPublic(opened, message)
  if (content.contentType !== 'commit' || auth.contentType !== 'commit') throw new MlsError('mls/bad-commit')
  const { path, proposals } = content.commit
  if (path === undefined) throw new MlsError('mls/bad-commit')
  const inline = proposals.flatMap((one) => (one.proposalOrRefType === 'proposal' ? [one.proposal] : []))
  if (inline.length !== proposals.length) throw new MlsError('mls/bad-commit')
  return stage('mls/bad-commit', async () => {
    const transition = await judge(ctx, opened, inline, path)
    const removed = transition.removed.map((leaf) => memberAt(client.ratchetTree, leaf))
    const signed = { content, signature: auth.signature, wireformat: 'mls_public_message' as const }
    const next = await advance(ctx, opened, transition, signed, auth.confirmationTag)
    const joined = memberOf(transition.committer, path.leafNode)
    return {
      client: next,
      newcomer: joined,
      added: [joined],
      removed,
      removedSelf: next.groupActiveState.kind === 'removedFromGroup',
      privileged: transition.privileged,
    }
  })
}
