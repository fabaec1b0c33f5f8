// A newcomer that keeps to no rule: its external commit holds whatever it likes, and is right in all else.
import type { Proposal, ProposalOrRef } from 'ts-mls'
import { createContentCommitSignature } from 'ts-mls/framedContent.js'
import { protectPublicMessage } from 'ts-mls/messageProtectionPublic.js'
import { encodeMessage } from '../../src/codec.js'
import { clientConfig } from '../../src/context.js'
import { nextEpoch } from '../../src/epoch.js'
import { decodeGroupInfo, externalKeyOf } from '../../src/external-info.js'
import { generatePair } from '../../src/key-package.js'
import { makePath } from '../../src/path-make.js'
import { EXTERNAL_INIT_LABEL, placeNewcomer } from '../../src/process-external.js'
import { suiteOf } from '../../src/provider.js'
import { NO_SECRET_TREE } from '../../src/secret-tree.js'
import type { ClientState } from '../../src/state.js'
import { treeOf } from '../../src/welcome.js'
import type { Device } from '../helpers.js'

const EMPTY = new Uint8Array()

export interface Intrusion {
  /** Made of the one honest proposal, the ExternalInit. */
  readonly entries: (init: Proposal) => readonly (Proposal | ProposalOrRef)[]
  /** Leaves that are gone from the tree that it makes its path over. */
  readonly removed?: readonly number[]
  readonly path?: boolean
  readonly leaf?: object
}

const isEntry = (one: Proposal | ProposalOrRef): one is ProposalOrRef => 'proposalOrRefType' in one

export async function intrude(who: Device, groupInfo: Uint8Array, intrusion: Intrusion): Promise<Uint8Array> {
  const info = decodeGroupInfo(groupInfo)
  const cs = suiteOf(who.ctx.crypto, 1)
  const pair = await generatePair(who.ctx, who.identity)
  const signatureKey = pair.privatePackage.signaturePrivateKey
  const key = await cs.hpke.importPublicKey(externalKeyOf(info))
  const sent = await cs.hpke.exportSecret(key, EXTERNAL_INIT_LABEL, cs.kdf.size, EMPTY)
  const secrets = {
    senderDataSecret: EMPTY,
    exporterSecret: EMPTY,
    externalSecret: EMPTY,
    confirmationKey: EMPTY,
  }
  const rest = {
    membershipKey: EMPTY,
    resumptionPsk: EMPTY,
    epochAuthenticator: EMPTY,
    initSecret: sent.secret,
  }
  const client: ClientState = {
    groupContext: info.groupContext,
    ratchetTree: treeOf(info),
    privatePath: { leafIndex: 0, privateKeys: {} },
    signaturePrivateKey: signatureKey,
    confirmationTag: info.confirmationTag,
    unappliedProposals: {},
    keySchedule: { ...secrets, ...rest },
    secretTree: NO_SECRET_TREE,
    pastEpochs: new Map(),
    groupActiveState: { kind: 'active' },
    clientConfig: clientConfig(who.ctx),
  }
  const { groupContext: context, ratchetTree: known } = client
  const leafNode = { ...pair.publicPackage.leafNode, ...intrusion.leaf }
  const { tree, committer } = placeNewcomer(client, leafNode, intrusion.removed ?? [])
  const own = { leafIndex: committer, privateKeys: {} }
  const made = makePath(cs, { tree, known, own, signatureKey, context, newcomers: [] })
  const init: Proposal = { proposalType: 'external_init', externalInit: { kemOutput: sent.enc } }
  const proposals = intrusion
    .entries(init)
    .map((one): ProposalOrRef => (isEntry(one) ? one : { proposalOrRefType: 'proposal', proposal: one }))
  const { framedContent: content, signature } = await createContentCommitSignature(
    context,
    'mls_public_message',
    { proposals, path: intrusion.path === false ? undefined : made.path },
    { senderType: 'new_member_commit' },
    EMPTY,
    signatureKey,
    cs.signature,
  )
  const signed = { content, signature, wireformat: 'mls_public_message' as const }
  const { confirmationTag } = await nextEpoch(client, cs, context, made.tree, signed, made.commitSecret)
  const auth = { contentType: 'commit' as const, signature, confirmationTag }
  const authenticated = { wireformat: 'mls_public_message' as const, content, auth }
  const publicMessage = await protectPublicMessage(EMPTY, context, authenticated, cs)
  return encodeMessage({ version: 'mls10', wireformat: 'mls_public_message', publicMessage })
}
