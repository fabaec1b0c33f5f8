/** A whole object: its description and its payload, bound together by the tree (spec/objects.md, "Object"). */
import { equalBytes } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import { ObjectsError } from './errors.js'
import { headerHash, type ObjectHash } from './hash.js'
import { decodeHeader, encodeHeader, type ObjectHeader, type ObjectType, type Priority } from './header.js'
import { BLOCK_BYTES, MAX_TTL_SECONDS } from './limits.js'
import { buildTree } from './tree.js'

export interface Description {
  readonly hash: ObjectHash
  readonly header: ObjectHeader
  /** The one encoding that `hash` is the hash of. */
  readonly headerBytes: Uint8Array
}

export interface DataObject extends Description {
  readonly payload: Uint8Array
}

export interface CreateObject {
  readonly payload: Uint8Array
  /** Publisher's clock, ms. */
  readonly created: number
  /** Seconds; the longest when left out. */
  readonly ttl?: number
  /** `normal` when left out. */
  readonly priority?: Priority
  readonly minBandwidthBps?: number
  /** 1 to 255: what the payload is, for programs that share a node. */
  readonly use?: number
  /** Signs the object, and is named in it. */
  readonly owner?: Ed25519PrivateKey
  /** Not stored anywhere; one block at most. */
  readonly ephemeral?: boolean
  /** Makes it a version of the owner's mutable object of this name. */
  readonly version?: { readonly name: Uint8Array; readonly sequence: number }
}

/** @throws ObjectsError `objects/bad-header`, `objects/too-large` */
export function createObject(crypto: CryptoProvider, options: CreateObject): DataObject {
  const { payload, owner, version } = options
  if (options.ephemeral === true && payload.length > BLOCK_BYTES)
    throw new ObjectsError('objects/too-large', { details: { size: payload.length, limit: BLOCK_BYTES } })
  const header: ObjectHeader = {
    type: typeOf(options),
    created: options.created,
    ttl: options.ttl ?? MAX_TTL_SECONDS,
    size: payload.length,
    priority: options.priority ?? 'normal',
    minBandwidthBps: options.minBandwidthBps ?? 0,
    root: buildTree(payload).root,
    use: options.use ?? 0,
    owner: owner?.publicKey,
    name: version?.name,
    sequence: version?.sequence,
  }
  const headerBytes = encodeHeader(header, owner && { crypto, key: owner })
  return { hash: headerHash(headerBytes), header, headerBytes, payload }
}

function typeOf({ ephemeral = false, version }: CreateObject): ObjectType {
  if (ephemeral && version !== undefined)
    throw new ObjectsError('objects/bad-header', { details: { field: 'type' } })
  if (version !== undefined) return 'mutable'
  return ephemeral ? 'ephemeral' : 'immutable'
}

/** Reads a description. @throws ObjectsError `objects/bad-header`, `objects/bad-signature` */
export function openDescription(
  crypto: Pick<CryptoProvider, 'ed25519'>,
  headerBytes: Uint8Array,
): Description {
  const header = decodeHeader(crypto, headerBytes)
  if (header.type === 'ephemeral' && header.size > BLOCK_BYTES)
    throw new ObjectsError('objects/bad-header', { details: { field: 'size' } })
  return { hash: headerHash(headerBytes), header, headerBytes: headerBytes.slice() }
}

/**
 * Reads a whole object.
 * @throws ObjectsError `objects/bad-header`, `objects/bad-signature`, `objects/bad-payload`
 */
export function openObject(
  crypto: Pick<CryptoProvider, 'ed25519'>,
  headerBytes: Uint8Array,
  payload: Uint8Array,
): DataObject {
  const description = openDescription(crypto, headerBytes)
  checkPayload(description.header, payload)
  return { ...description, payload }
}

/** @throws ObjectsError `objects/bad-payload` */
export function checkPayload(header: ObjectHeader, payload: Uint8Array): void {
  if (payload.length !== header.size || !equalBytes(buildTree(payload).root, header.root))
    throw new ObjectsError('objects/bad-payload', {
      details: { size: payload.length, expected: header.size },
    })
}
