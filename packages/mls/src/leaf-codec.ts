/**
 * Leaf nodes on the wire (RFC 9420 section 7.2): the same bytes as ts-mls's codec, written and read in one pass,
 * because every epoch, every Welcome and every restart goes through thousands of them. Knows the form of a leaf,
 * not whether it may be in a tree.
 */
import { equalBytes } from '@hyphae/core'
import type { Capabilities, Credential, Decoder, Extension, LeafNode } from 'ts-mls'
import { decodeCapabilities, encodeCapabilities } from 'ts-mls/capabilities.js'
import { decodeVarLenType } from 'ts-mls/codec/variableLength.js'
import { decodeCredential, encodeCredential } from 'ts-mls/credential.js'
import { decodeExtension, encodeExtension } from 'ts-mls/extension.js'
import {
  broken,
  type Reader,
  readU8,
  readU16,
  readU64,
  readVector,
  vectorSize,
  type Writer,
  writeLength,
  writeRaw,
  writer,
  writeU8,
  writeU16,
  writeU32,
  writeU64,
  writeVector,
} from './wire.js'

const BASIC = 1
const SOURCES = { key_package: 1, update: 2, commit: 3 } as const
const LIFETIME_BYTES = 16

/** The parts that ts-mls encodes are the same in almost every leaf, so each is encoded once. */
const encodedCapabilities = new WeakMap<Capabilities, Uint8Array>()

function capabilityBytes(capabilities: Capabilities): Uint8Array {
  const known = encodedCapabilities.get(capabilities)
  if (known !== undefined) return known
  const bytes = encodeCapabilities(capabilities)
  encodedCapabilities.set(capabilities, bytes)
  return bytes
}

function credentialSize(credential: Credential): number {
  if (credential.credentialType !== 'basic') return encodeCredential(credential).length
  return 2 + vectorSize(credential.identity.length)
}

function writeCredential(to: Writer, credential: Credential): void {
  if (credential.credentialType !== 'basic') {
    writeRaw(to, encodeCredential(credential))
    return
  }
  writeU16(to, BASIC)
  writeVector(to, credential.identity)
}

export function extensionsSize(extensions: readonly Extension[]): number {
  return vectorSize(extensions.reduce((sum, extension) => sum + encodeExtension(extension).length, 0))
}

export function writeExtensions(to: Writer, extensions: readonly Extension[]): void {
  const encoded = extensions.map(encodeExtension)
  writeLength(
    to,
    encoded.reduce((sum, { length }) => sum + length, 0),
  )
  for (const bytes of encoded) writeRaw(to, bytes)
}

function sourceSize(leaf: LeafNode): number {
  if (leaf.leafNodeSource === 'key_package') return 1 + LIFETIME_BYTES
  return leaf.leafNodeSource === 'commit' ? 1 + vectorSize(leaf.parentHash.length) : 1
}

/** Bytes of a leaf without its signature. */
function unsignedSize(leaf: LeafNode): number {
  const keys = vectorSize(leaf.hpkePublicKey.length) + vectorSize(leaf.signaturePublicKey.length)
  const inner = credentialSize(leaf.credential) + capabilityBytes(leaf.capabilities).length
  return keys + inner + sourceSize(leaf) + extensionsSize(leaf.extensions)
}

function writeUnsigned(to: Writer, leaf: LeafNode): void {
  writeVector(to, leaf.hpkePublicKey)
  writeVector(to, leaf.signaturePublicKey)
  writeCredential(to, leaf.credential)
  writeRaw(to, capabilityBytes(leaf.capabilities))
  writeU8(to, SOURCES[leaf.leafNodeSource])
  if (leaf.leafNodeSource === 'key_package') {
    writeU64(to, leaf.lifetime.notBefore)
    writeU64(to, leaf.lifetime.notAfter)
  }
  if (leaf.leafNodeSource === 'commit') writeVector(to, leaf.parentHash)
  writeExtensions(to, leaf.extensions)
}

export function leafSize(leaf: LeafNode): number {
  return unsignedSize(leaf) + vectorSize(leaf.signature.length)
}

export function writeLeaf(to: Writer, leaf: LeafNode): void {
  writeUnsigned(to, leaf)
  writeVector(to, leaf.signature)
}

/** Section 7.2: LeafNodeTBS. Group and place are signed but in a KeyPackage, which knows neither. */
export function leafTbs(leaf: LeafNode, groupId: Uint8Array, leafIndex: number): Uint8Array {
  const bound = leaf.leafNodeSource !== 'key_package'
  const to = writer(unsignedSize(leaf) + (bound ? vectorSize(groupId.length) + 4 : 0))
  writeUnsigned(to, leaf)
  if (bound) {
    writeVector(to, groupId)
    writeU32(to, leafIndex)
  }
  return to.bytes
}

/** Leaves that are read together share what they say alike. */
export type KnownCapabilities = Map<string, Capabilities>

function skipVector(from: Reader): void {
  readVector(from)
}

/** What ts-mls decodes is held to the same rule as all else here: nothing but its one encoding. */
function foreign<T>(
  from: Reader,
  bytes: Uint8Array,
  decode: Decoder<T>,
  encode: (value: T) => Uint8Array,
): T {
  try {
    const decoded = decode(bytes, 0)
    if (decoded !== undefined && equalBytes(encode(decoded[0]), bytes)) return decoded[0]
  } catch {
    // Its reasons are of no use to whoever sent the bytes.
  }
  throw broken(from)
}

function encodeExtensions(extensions: readonly Extension[]): Uint8Array {
  const to = writer(extensionsSize(extensions))
  writeExtensions(to, extensions)
  return to.bytes
}

function readCapabilities(from: Reader, known: KnownCapabilities): Capabilities {
  const start = from.at
  for (let list = 0; list < 5; list++) skipVector(from)
  const bytes = from.bytes.subarray(start, from.at)
  const name = String.fromCharCode(...bytes)
  const found = known.get(name)
  if (found !== undefined) return found
  const decoded = foreign(from, bytes, decodeCapabilities, encodeCapabilities)
  known.set(name, decoded)
  return decoded
}

function readCredential(from: Reader): Credential {
  const start = from.at
  if (readU16(from) === BASIC) return { credentialType: 'basic', identity: readVector(from) }
  skipVector(from)
  return foreign(from, from.bytes.subarray(start, from.at), decodeCredential, encodeCredential)
}

function readExtensions(from: Reader): Extension[] {
  const start = from.at
  if (readVector(from).length === 0) return []
  const bytes = from.bytes.subarray(start, from.at)
  return foreign(from, bytes, decodeVarLenType(decodeExtension), encodeExtensions)
}

export function readLeaf(from: Reader, known: KnownCapabilities): LeafNode {
  const data = {
    hpkePublicKey: readVector(from),
    signaturePublicKey: readVector(from),
    credential: readCredential(from),
    capabilities: readCapabilities(from, known),
  }
  const source = readU8(from)
  if (source === SOURCES.key_package) {
    const lifetime = { notBefore: readU64(from), notAfter: readU64(from) }
    const extensions = readExtensions(from)
    return { ...data, leafNodeSource: 'key_package', lifetime, extensions, signature: readVector(from) }
  }
  if (source === SOURCES.commit) {
    const parentHash = readVector(from)
    const extensions = readExtensions(from)
    return { ...data, leafNodeSource: 'commit', parentHash, extensions, signature: readVector(from) }
  }
  if (source !== SOURCES.update) throw broken(from)
  return { ...data, leafNodeSource: 'update', extensions: readExtensions(from), signature: readVector(from) }
}
