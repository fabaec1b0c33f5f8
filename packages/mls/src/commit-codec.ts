/**
 * Commits and KeyPackages as bytes (RFC 9420 sections 6.1, 7.6, 8.2, 10 and 12.4): the same bytes as ts-mls's
 * codec. A commit is signed, hashed into the transcript and sealed, and may hold a thousand KeyPackages or
 * ciphertexts, so it is encoded once. Knows the form of a commit, not whether it may be made.
 */
import type {
  Commit,
  GroupContext,
  HPKECiphertext,
  KeyPackage,
  Proposal,
  ProposalOrRef,
  UpdatePath,
} from 'ts-mls'
import { encodeCiphersuite } from 'ts-mls/crypto/ciphersuite.js'
import type { FramedContentCommit } from 'ts-mls/framedContent.js'
import { encodeProposal } from 'ts-mls/proposal.js'
import { encodeSender } from 'ts-mls/sender.js'
import { type WireformatName, wireformats } from 'ts-mls/wireformat.js'
import { contextBytes } from './application.js'
import { extensionsSize, leafSize, writeExtensions, writeLeaf } from './leaf-codec.js'
import { CONTENT_TYPES, MLS10 } from './private-message.js'
import {
  vectorSize,
  type Writer,
  writeLength,
  writeRaw,
  writer,
  writeU8,
  writeU16,
  writeU64,
  writeVector,
} from './wire.js'

const ADD = 1
const INLINE = 1
const REFERENCE = 2

function unsignedSize({ initKey, leafNode, extensions }: KeyPackage): number {
  return 4 + vectorSize(initKey.length) + leafSize(leafNode) + extensionsSize(extensions)
}

function writeUnsigned(to: Writer, { cipherSuite, initKey, leafNode, extensions }: KeyPackage): void {
  writeU16(to, MLS10)
  writeRaw(to, encodeCiphersuite(cipherSuite))
  writeVector(to, initKey)
  writeLeaf(to, leafNode)
  writeExtensions(to, extensions)
}

function keyPackageSize(keyPackage: KeyPackage): number {
  return unsignedSize(keyPackage) + vectorSize(keyPackage.signature.length)
}

function writeKeyPackage(to: Writer, keyPackage: KeyPackage): void {
  writeUnsigned(to, keyPackage)
  writeVector(to, keyPackage.signature)
}

/** Section 10: KeyPackageTBS. */
export function keyPackageTbs(keyPackage: KeyPackage): Uint8Array {
  const to = writer(unsignedSize(keyPackage))
  writeUnsigned(to, keyPackage)
  return to.bytes
}

export function keyPackageBytes(keyPackage: KeyPackage): Uint8Array {
  const to = writer(keyPackageSize(keyPackage))
  writeKeyPackage(to, keyPackage)
  return to.bytes
}

/** Other proposals are few and small, and come from ts-mls's codec. */
function proposalSize(proposal: Proposal): number {
  return proposal.proposalType === 'add'
    ? 2 + keyPackageSize(proposal.add.keyPackage)
    : encodeProposal(proposal).length
}

function writeProposal(to: Writer, proposal: Proposal): void {
  if (proposal.proposalType !== 'add') {
    writeRaw(to, encodeProposal(proposal))
    return
  }
  writeU16(to, ADD)
  writeKeyPackage(to, proposal.add.keyPackage)
}

function entrySize(entry: ProposalOrRef): number {
  return (
    1 +
    (entry.proposalOrRefType === 'proposal'
      ? proposalSize(entry.proposal)
      : vectorSize(entry.reference.length))
  )
}

function writeEntry(to: Writer, entry: ProposalOrRef): void {
  writeU8(to, entry.proposalOrRefType === 'proposal' ? INLINE : REFERENCE)
  if (entry.proposalOrRefType === 'proposal') writeProposal(to, entry.proposal)
  else writeVector(to, entry.reference)
}

function ciphertextsLength(ciphertexts: readonly HPKECiphertext[]): number {
  let length = 0
  for (const { kemOutput, ciphertext } of ciphertexts)
    length += vectorSize(kemOutput.length) + vectorSize(ciphertext.length)
  return length
}

function nodesLength(nodes: UpdatePath['nodes']): number {
  return nodes.reduce(
    (sum, { hpkePublicKey, encryptedPathSecret }) =>
      sum + vectorSize(hpkePublicKey.length) + vectorSize(ciphertextsLength(encryptedPathSecret)),
    0,
  )
}

function pathSize({ leafNode, nodes }: UpdatePath): number {
  return leafSize(leafNode) + vectorSize(nodesLength(nodes))
}

function writePath(to: Writer, { leafNode, nodes }: UpdatePath): void {
  writeLeaf(to, leafNode)
  writeLength(to, nodesLength(nodes))
  for (const { hpkePublicKey, encryptedPathSecret } of nodes) {
    writeVector(to, hpkePublicKey)
    writeLength(to, ciphertextsLength(encryptedPathSecret))
    for (const { kemOutput, ciphertext } of encryptedPathSecret) {
      writeVector(to, kemOutput)
      writeVector(to, ciphertext)
    }
  }
}

function encodeCommit({ proposals, path }: Commit): Uint8Array {
  const entries = proposals.reduce((sum, entry) => sum + entrySize(entry), 0)
  const to = writer(vectorSize(entries) + 1 + (path === undefined ? 0 : pathSize(path)))
  writeLength(to, entries)
  for (const entry of proposals) writeEntry(to, entry)
  writeU8(to, path === undefined ? 0 : 1)
  if (path !== undefined) writePath(to, path)
  return to.bytes
}

const encoded = new WeakMap<Commit, Uint8Array>()

/** Commits are values: one that has been encoded is not changed. */
export function commitBytes(commit: Commit): Uint8Array {
  const known = encoded.get(commit)
  if (known !== undefined) return known
  const bytes = encodeCommit(commit)
  encoded.set(commit, bytes)
  return bytes
}

/** Section 6: wire format and FramedContent, between what is in front and what follows. */
function framed(
  wireformat: WireformatName,
  content: FramedContentCommit,
  front: number,
  tail: number,
): Writer {
  const { groupId, epoch, sender, authenticatedData, commit } = content
  const from = encodeSender(sender)
  const body = commitBytes(commit)
  const inner = vectorSize(groupId.length) + 8 + from.length + vectorSize(authenticatedData.length) + 1
  const to = writer(front + 2 + inner + body.length + tail)
  to.at = front
  writeU16(to, wireformats[wireformat])
  writeVector(to, groupId)
  writeU64(to, epoch)
  writeRaw(to, from)
  writeVector(to, authenticatedData)
  writeU8(to, CONTENT_TYPES.commit)
  writeRaw(to, body)
  return to
}

/** Section 6.1: FramedContentTBS of a commit from a member or a newcomer. */
export function commitTbs(
  wireformat: WireformatName,
  content: FramedContentCommit,
  context: GroupContext,
): Uint8Array {
  const tail = contextBytes(context)
  const to = framed(wireformat, content, 2, tail.length)
  to.bytes[1] = MLS10
  writeRaw(to, tail)
  return to.bytes
}

/** Section 8.2: what the confirmed transcript hash covers, behind the interim hash before it. */
export function transcriptInput(
  interim: Uint8Array,
  wireformat: WireformatName,
  content: FramedContentCommit,
  signature: Uint8Array,
): Uint8Array {
  const to = framed(wireformat, content, interim.length, vectorSize(signature.length))
  to.bytes.set(interim)
  writeVector(to, signature)
  return to.bytes
}

/** Section 6.3.1: PrivateMessageContent of a commit, without padding. */
export function commitContent(
  commit: Commit,
  signature: Uint8Array,
  confirmationTag: Uint8Array,
): Uint8Array {
  const body = commitBytes(commit)
  const to = writer(body.length + vectorSize(signature.length) + vectorSize(confirmationTag.length))
  writeRaw(to, body)
  writeVector(to, signature)
  writeVector(to, confirmationTag)
  return to.bytes
}
