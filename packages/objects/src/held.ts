/** An object as this node holds it, and the row it is kept in (spec/objects.md, "Shelf"). */
import { fromUtf8, toHex, utf8 } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { defineSchema, encodeFields, readFields, readU64, writeU64 } from '@hyphae/tlv'
import { ObjectsError } from './errors.js'
import { slotHash } from './hash.js'
import { PRIORITIES } from './header.js'
import { MAX_HEADER_BYTES } from './limits.js'
import { type Description, openDescription } from './object.js'
import { firstChunk, placeOf, type TreeShape, treeShape } from './tree.js'

/** `own` was published here and is never dropped for another; `others` is held for them. */
export type Keeping = 'own' | 'others'

export interface Held extends Description {
  /** The hash in hexadecimal. */
  readonly id: string
  readonly shape: TreeShape
  readonly keeping: Keeping
  /** The neighbour it was first heard of from; empty for what is this node's own. */
  readonly from: string
  /** Where the versions of a mutable object meet, in hexadecimal. */
  readonly slot: string | undefined
  /** It lives for `lifeMs` from here, by this node's clock. */
  since: number
  readonly lifeMs: number
  /** Its blocks are asked for, wherever a link is fast enough. */
  wanted: boolean
  /** A bit for each block that is here. */
  readonly have: Uint8Array
  missing: number
  /** Of blocks that are here. */
  bytes: number
  /** Blocks of an ephemeral object, which no store sees. */
  readonly memory: Map<number, Uint8Array> | undefined
}

export interface HeldTerms {
  readonly keeping: Keeping
  readonly from: string
  readonly since: number
  readonly lifeMs: number
  readonly wanted: boolean
}

export function makeHeld(description: Description, terms: HeldTerms): Held {
  const { header, hash } = description
  const shape = treeShape(header.size)
  return {
    ...description,
    ...terms,
    id: toHex(hash),
    shape,
    slot: header.owner && header.name && toHex(slotHash(header.owner, header.name)),
    have: new Uint8Array((shape.blocks + 7) >> 3),
    missing: shape.blocks,
    bytes: 0,
    memory: header.type === 'ephemeral' ? new Map() : undefined,
  }
}

export function hasBlock(held: Held, block: number): boolean {
  return ((held.have[block >> 3] as number) & (1 << (block & 7))) !== 0
}

export function isComplete(held: Held): boolean {
  return held.missing === 0
}

/** Marks blocks as here, or as gone. */
export function markBlock(held: Held, block: number, here: boolean): void {
  if (hasBlock(held, block) === here) return
  held.have[block >> 3] = (held.have[block >> 3] as number) ^ (1 << (block & 7))
  held.missing += here ? -1 : 1
  held.bytes += placeOf(held.shape, block).length * (here ? 1 : -1)
}

/** Milliseconds left; never more than it had, wherever the clock went meanwhile (hostile case 48). */
export function lifeLeft(held: Held, now: number): number {
  return Math.min(held.lifeMs, held.since + held.lifeMs - now)
}

/** Whether the payload is one chunk, which travels with its description. */
export function isSmall(held: Held): boolean {
  return held.shape.blocks === 1
}

export function chunksHeld(held: Held): number {
  let chunks = 0
  for (let block = firstChunk(held.shape); block < held.shape.blocks; block++)
    if (hasBlock(held, block)) chunks += 1
  return chunks
}

/** What goes first: by priority, then what lives shorter. */
export function byUrgency(now: number): (a: Held, b: Held) => number {
  return (a, b) => rank(a) - rank(b) || lifeLeft(a, now) - lifeLeft(b, now)
}

/** 0 for critical. */
export function rank(held: Held): number {
  return PRIORITIES.indexOf(held.header.priority)
}

const ROW = /* @__PURE__ */ defineSchema([
  { type: 1, name: 'flags', size: 1 },
  { type: 2, name: 'since', size: 8 },
  { type: 3, name: 'life', size: 8 },
  { type: 4, name: 'from', max: 512 },
  { type: 5, name: 'header', max: MAX_HEADER_BYTES },
])
const OWN = 1
const WANTED = 2

export function encodeHeld(held: Held): Uint8Array {
  const since = new Uint8Array(8)
  const life = new Uint8Array(8)
  writeU64(since, 0, Math.max(0, Math.floor(held.since)))
  writeU64(life, 0, Math.floor(held.lifeMs))
  const flags = Uint8Array.of((held.keeping === 'own' ? OWN : 0) | (held.wanted ? WANTED : 0))
  return encodeFields(ROW, { flags, since, life, from: utf8(held.from), header: held.headerBytes })
}

/** @throws ObjectsError `objects/bad-row` */
export function decodeHeld(
  crypto: Pick<CryptoProvider, 'ed25519'>,
  row: Uint8Array,
  have: Uint8Array | undefined,
): Held {
  try {
    const { flags, since, life, from, header } = readFields(row, ROW).values
    const bits = flags[0] as number
    const held = makeHeld(openDescription(crypto, header), {
      keeping: bits & OWN ? 'own' : 'others',
      from: fromUtf8(from),
      since: readU64(since, 0),
      lifeMs: readU64(life, 0),
      wanted: (bits & WANTED) !== 0,
    })
    if (have !== undefined) restoreBlocks(held, have)
    return held
  } catch (cause) {
    throw new ObjectsError('objects/bad-row', { cause })
  }
}

function restoreBlocks(held: Held, have: Uint8Array): void {
  if (have.length !== held.have.length) throw new ObjectsError('objects/bad-row')
  for (let block = 0; block < have.length * 8; block++) {
    if (((have[block >> 3] as number) & (1 << (block & 7))) === 0) continue
    if (block >= held.shape.blocks) throw new ObjectsError('objects/bad-row')
    markBlock(held, block, true)
  }
}
