/**
 * The GroupInfo that lets a newcomer make an external commit (RFC 9420 sections 12.4.3 and 12.4.3.2): signed
 * by a member, with the tree and the external key. Good for its epoch alone. ts-mls leaves out the length that
 * stands before the external key; here it is written and asked for.
 */
import type { Extension, GroupInfo } from 'ts-mls'
import { decodeVarLenData, varLenDataEncoder } from 'ts-mls/codec/variableLength.js'
import { signGroupInfo, verifyGroupInfoSignature } from 'ts-mls/groupInfo.js'
import { ratchetTreeEncoder } from 'ts-mls/ratchetTree.js'
import { decodeExact, decodeMessage, encodeExact, encodeMessage } from './codec.js'
import type { MlsContext } from './context.js'
import { MlsError } from './errors.js'
import { MAX_EXTENSION_BYTES, MAX_WELCOME_BYTES } from './limits.js'
import { assertNewcomersWelcome } from './process-external.js'
import type { SuiteImpl } from './provider.js'
import { type GroupState, leafAt, openState } from './state.js'
import { treeOf } from './welcome.js'

async function externalKey(cs: SuiteImpl, externalSecret: Uint8Array): Promise<Extension> {
  const { publicKey } = await cs.hpke.deriveKeyPair(externalSecret)
  const key = await cs.hpke.exportPublicKey(publicKey)
  return { extensionType: 'external_pub', extensionData: encodeExact(varLenDataEncoder, key) }
}

/**
 * What a newcomer needs to come into this epoch by itself, as one MLSMessage. It shows the whole tree: give it
 * to those who may join.
 * @throws MlsError `mls/external-commit` when the group's rule lets nobody in, `mls/removed`
 */
export async function exportGroupInfo(ctx: MlsContext, state: GroupState): Promise<Uint8Array> {
  const { client, cs } = openState(ctx, state)
  assertNewcomersWelcome(ctx, client)
  const tree = encodeExact(ratchetTreeEncoder, client.ratchetTree)
  const extensions: Extension[] = [
    await externalKey(cs, client.keySchedule.externalSecret),
    { extensionType: 'ratchet_tree', extensionData: tree },
  ]
  const { groupContext, confirmationTag, privatePath, signaturePrivateKey } = client
  const tbs = { groupContext, extensions, confirmationTag, signer: privatePath.leafIndex }
  const groupInfo = await signGroupInfo(tbs, signaturePrivateKey, cs.signature)
  return encodeMessage({ version: 'mls10', wireformat: 'mls_group_info', groupInfo })
}

/** Shape alone. @throws MlsError `mls/bad-welcome`, `mls/too-large`, `mls/unexpected-message` */
export function decodeGroupInfo(bytes: Uint8Array): GroupInfo {
  const message = decodeMessage(bytes, MAX_WELCOME_BYTES, 'mls/bad-welcome')
  if (message.wireformat !== 'mls_group_info') throw new MlsError('mls/unexpected-message')
  return message.groupInfo
}

/** @throws MlsError `mls/bad-welcome` when there is not exactly one, in its one form */
export function externalKeyOf(info: GroupInfo): Uint8Array {
  const [first, second] = info.extensions.filter(({ extensionType }) => extensionType === 'external_pub')
  if (first === undefined || second !== undefined) throw new MlsError('mls/bad-welcome')
  const { extensionData } = first
  return decodeExact(
    decodeVarLenData,
    varLenDataEncoder,
    extensionData,
    MAX_EXTENSION_BYTES,
    'mls/bad-welcome',
  )
}

/** Signed by a member of the tree that it carries. The confirmation tag needs secrets that a newcomer lacks. */
export async function assertSignedInfo(cs: SuiteImpl, info: GroupInfo): Promise<void> {
  const signer = leafAt(treeOf(info), info.signer)
  if (signer === null || !(await verifyGroupInfoSignature(info, signer.signaturePublicKey, cs.signature)))
    throw new MlsError('mls/bad-welcome')
}
