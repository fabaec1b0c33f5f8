/**
 * Labelled derivation (RFC 9420 section 8) and labelled signatures (section 5.1.2), without promises.
 *
 *   ExpandWithLabel(secret, label, context, length) = Expand(secret, length ‖ "MLS 1.0 " + label ‖ context, length)
 *   SignWithLabel(key, label, content)              = Sign(key, "MLS 1.0 " + label ‖ content)
 */
import { utf8 } from '@hyphae/core'
import type { SyncSuite } from './sync-suite.js'
import { vectorSize, writer, writeU16, writeVector } from './wire.js'

const EMPTY = new Uint8Array()

/** Labels are constants of the protocol, and few. */
type Label =
  | 'secret'
  | 'key'
  | 'nonce'
  | 'tree'
  | 'application'
  | 'handshake'
  | 'node'
  | 'path'
  | 'FramedContentTBS'
  | 'LeafNodeTBS'
  | 'KeyPackageTBS'
  | 'UpdatePathNode'
  | 'Welcome'
  | 'KeyPackage Reference'

const labels = new Map<Label, Uint8Array>()

function labelBytes(label: Label): Uint8Array {
  const known = labels.get(label)
  if (known !== undefined) return known
  const bytes = utf8(`MLS 1.0 ${label}`)
  labels.set(label, bytes)
  return bytes
}

export function expandWithLabel(
  suite: SyncSuite,
  secret: Uint8Array,
  label: Label,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const name = labelBytes(label)
  const info = writer(2 + vectorSize(name.length) + vectorSize(context.length))
  writeU16(info, length)
  writeVector(info, name)
  writeVector(info, context)
  return suite.expand(secret, info.bytes, length)
}

/** Section 8: a secret as long as the hash. */
export function deriveSecret(suite: SyncSuite, secret: Uint8Array, label: Label): Uint8Array {
  return expandWithLabel(suite, secret, label, EMPTY, suite.hash.size)
}

/** Section 5.2: a hash that names a KeyPackage. */
export function keyPackageRef(suite: SyncSuite, keyPackage: Uint8Array): Uint8Array {
  return suite.hash.digest(labelled('KeyPackage Reference', keyPackage))
}

/** What is signed, or authenticated by HPKE as `info`, under a label (sections 5.1.2 and 5.1.3). */
export function labelled(label: Label, content: Uint8Array): Uint8Array {
  const name = labelBytes(label)
  const out = writer(vectorSize(name.length) + vectorSize(content.length))
  writeVector(out, name)
  writeVector(out, content)
  return out.bytes
}
