/**
 * What a node holds: descriptions, verified blocks, and what it must not forget about versions (spec/objects.md,
 * "Shelf"). One transaction for each event; memory follows after the commit. Knows no link.
 */
import type { StoreTransaction } from '@hyphae/core'
import { ObjectsError } from './errors.js'
import { HASH_BYTES } from './hash.js'
import {
  encodeHeld,
  type Held,
  type HeldTerms,
  hasBlock,
  isComplete,
  lifeLeft,
  makeHeld,
  markBlock,
} from './held.js'
import { MAX_EPHEMERAL } from './limits.js'
import type { Description } from './object.js'
import { emptyLedger, enter, type Ledger, makeRoom, type Room } from './room.js'
import { BLOCK, deleteRows, HAVE, keepLife, loadObjects, OBJECT, type ShelfParts } from './shelf-rows.js'
import { deadSlots, deleteSlot, isCurrent, loadSlots, moveSlot } from './slots.js'
import { isBlock, placeOf } from './tree.js'

export type DropReason = 'expired' | 'full' | 'replaced' | 'asked' | 'damaged'

export interface ShelfOptions extends ShelfParts {
  readonly room: Room
  readonly dropped: (held: Held, reason: DropReason) => void
}

/** `checked`: the caller has made the tree that the blocks are from, and its root is the header's. */
export type Trust = 'checked' | 'unchecked'

export interface NewBlock {
  readonly block: number
  readonly data: Uint8Array
}

export interface Shelf {
  readonly objects: ReadonlyMap<string, Held>
  /**
   * Keeps a description. @throws ObjectsError `objects/outdated`, `objects/full`
   */
  describe(description: Description, terms: HeldTerms): Promise<Held>
  want(held: Held): Promise<void>
  /**
   * Checks and keeps blocks, parents before children; true when the object became complete by them.
   * @throws ObjectsError `objects/wrong-block`, `objects/full`; with nothing changed
   */
  keep(held: Held, blocks: readonly NewBlock[], trust?: Trust): Promise<boolean>
  /** Checked again, since disks rot: a damaged block is forgotten, so that it is fetched again. */
  block(held: Held, block: number): Promise<Uint8Array | undefined>
  drop(held: Held, reason: DropReason): Promise<void>
  /** Drops what has no life left; returns ms until the next does. */
  sweep(): Promise<number>
}

interface ShelfState {
  readonly options: ShelfOptions
  readonly objects: Map<string, Held>
  readonly ledger: Ledger
  readonly slots: Awaited<ReturnType<typeof loadSlots>>
  /** The node that was read last, by object: its children come one after the other. */
  readonly parents: Map<string, { readonly block: number; readonly data: Uint8Array }>
  /** One change at a time, so that what was checked still holds when it is written. */
  alone<T>(work: () => Promise<T>): Promise<T>
}

/** @throws what the store throws; rows that cannot be read are deleted, for what they held can be fetched again */
export async function openShelf(options: ShelfOptions): Promise<Shelf> {
  const { store } = options
  const objects = await loadObjects(options)
  const ledger = emptyLedger()
  for (const held of objects.values()) enter(ledger, held, 1, held.bytes)
  let last: Promise<unknown> = Promise.resolve()
  const state: ShelfState = {
    options,
    objects,
    ledger,
    slots: await loadSlots(store),
    parents: new Map(),
    alone: (work) => {
      const mine = last.then(work, work)
      last = mine.catch(() => {})
      return mine
    },
  }
  return {
    objects,
    describe: (description, terms) => state.alone(() => describe(state, description, terms)),
    want: (held) => state.alone(() => want(state, held)),
    keep: (held, blocks, trust) => state.alone(() => keep(state, held, blocks, trust)),
    block: (held, block) => readBlock(state, held, block),
    drop: (held, reason) => state.alone(() => dropAll(state, [held], reason)),
    sweep: () => state.alone(() => sweep(state)),
  }
}

function deleteHeld(tx: StoreTransaction, held: Held): void {
  if (held.memory !== undefined) return
  const blocks = Array.from({ length: held.shape.blocks }, (_, block) => block)
  deleteRows(
    tx,
    held.hash,
    blocks.filter((block) => hasBlock(held, block)),
  )
}

/** A block is here, or gone. */
function mark(state: ShelfState, held: Held, block: number, here: boolean): void {
  const before = held.bytes
  markBlock(held, block, here)
  enter(state.ledger, held, 0, held.bytes - before)
}

function forget(state: ShelfState, held: Held, reason: DropReason): void {
  if (state.objects.delete(held.id)) enter(state.ledger, held, -1, -held.bytes)
  state.parents.delete(held.id)
  state.options.dropped(held, reason)
}

/** What must go for the newcomer. @throws ObjectsError `objects/full` */
function roomFor(state: ShelfState, held: Held, bytes: number, added: boolean): Held[] {
  const { room, clock } = state.options
  const victims = makeRoom(state.objects, held, { bytes, added }, room, clock.now(), state.ledger)
  if (victims === undefined)
    throw new ObjectsError('objects/full', { details: { bytes, quota: room.quotaBytes } })
  return victims
}

async function describe(state: ShelfState, description: Description, terms: HeldTerms): Promise<Held> {
  const held = makeHeld(description, terms)
  const known = state.objects.get(held.id)
  if (known !== undefined) return known
  if (!isCurrent(state.slots, held)) throw new ObjectsError('objects/outdated')
  if (held.memory !== undefined && state.ledger.ephemeral >= MAX_EPHEMERAL)
    throw new ObjectsError('objects/full', { details: { ephemeral: MAX_EPHEMERAL } })
  const victims = roomFor(state, held, 0, true)
  let moved = (): void => {}
  if (held.memory === undefined || victims.length > 0)
    await state.options.store.transact((tx) => {
      for (const victim of victims) deleteHeld(tx, victim)
      if (held.memory !== undefined) return
      tx.put([OBJECT, held.hash], encodeHeld(held))
      moved = moveSlot(tx, state.slots, held)
    })
  moved()
  for (const victim of victims) forget(state, victim, 'full')
  state.objects.set(held.id, held)
  enter(state.ledger, held, 1, 0)
  return held
}

async function want(state: ShelfState, held: Held): Promise<void> {
  if (held.wanted) return
  const row = encodeHeld({ ...held, wanted: true })
  if (held.memory === undefined)
    await state.options.store.transact((tx) => {
      if (state.objects.has(held.id)) tx.put([OBJECT, held.hash], row)
    })
  held.wanted = true
}

async function keep(
  state: ShelfState,
  held: Held,
  blocks: readonly NewBlock[],
  trust: Trust = 'unchecked',
): Promise<boolean> {
  if (!state.objects.has(held.id)) throw new ObjectsError('objects/unknown')
  const fresh = blocks.filter(({ block }) => !hasBlock(held, block))
  if (fresh.length === 0) return false
  if (trust === 'unchecked') await checkBlocks(state, held, fresh)
  const bytes = fresh.reduce((sum, { data }) => sum + data.length, 0)
  const last = fresh.length === held.missing
  const replaced = last ? [...state.objects.values()].filter((other) => isOlder(other, held)) : []
  const victims = roomFor(state, held, bytes, false).filter((victim) => !replaced.includes(victim))
  if (held.memory === undefined || victims.length > 0)
    await state.options.store.transact((tx) => {
      for (const gone of [...victims, ...replaced]) deleteHeld(tx, gone)
      if (held.memory === undefined) putBlocks(tx, held, fresh)
    })
  for (const victim of victims) forget(state, victim, 'full')
  for (const old of replaced) forget(state, old, 'replaced')
  for (const { block, data } of fresh) {
    held.memory?.set(block, data.slice())
    mark(state, held, block, true)
  }
  return isComplete(held)
}

function putBlocks(tx: StoreTransaction, held: Held, fresh: readonly NewBlock[]): void {
  const have = held.have.slice()
  for (const { block, data } of fresh) {
    tx.put([BLOCK, held.hash, block], data)
    have[block >> 3] = (have[block >> 3] as number) | (1 << (block & 7))
  }
  tx.put([HAVE, held.hash], have)
}

/** An earlier version stays readable until the newer one is whole. */
function isOlder(other: Held, held: Held): boolean {
  return other.slot !== undefined && other.slot === held.slot && other.id !== held.id
}

/** @throws ObjectsError `objects/wrong-block`, also when the parent of one is not here */
async function checkBlocks(state: ShelfState, held: Held, fresh: readonly NewBlock[]): Promise<void> {
  const now = new Map<number, Uint8Array>()
  for (const { block, data } of fresh) {
    if (!Number.isInteger(block) || block < 0 || block >= held.shape.blocks)
      throw new ObjectsError('objects/wrong-block', { details: { block, blocks: held.shape.blocks } })
    const place = placeOf(held.shape, block)
    const { parent, slot } = place
    const node = parent === undefined ? undefined : (now.get(parent) ?? (await parentOf(state, held, parent)))
    const at = slot * HASH_BYTES
    const expected = parent === undefined ? held.header.root : node?.subarray(at, at + HASH_BYTES)
    if (expected === undefined || !isBlock(place, expected, data))
      throw new ObjectsError('objects/wrong-block', { details: { block, bytes: data.length } })
    if (place.level > 0) now.set(block, data)
  }
}

/** A node that is here, checked up to the root; one that a disk has damaged is forgotten. */
async function parentOf(state: ShelfState, held: Held, block: number): Promise<Uint8Array | undefined> {
  const cached = state.parents.get(held.id)
  if (cached?.block === block) return cached.data
  const data = await readBlock(state, held, block)
  if (data !== undefined) state.parents.set(held.id, { block, data })
  return data
}

async function readBlock(state: ShelfState, held: Held, block: number): Promise<Uint8Array | undefined> {
  if (!hasBlock(held, block)) return undefined
  if (held.memory !== undefined) return held.memory.get(block)
  const data = await state.options.store.get([BLOCK, held.hash, block])
  if (data !== undefined && (await isWhole(state, held, block, data))) return data
  // Its row is overwritten when it was fetched again; until then each start finds the damage anew.
  if (state.objects.has(held.id)) mark(state, held, block, false)
  return undefined
}

async function isWhole(state: ShelfState, held: Held, block: number, data: Uint8Array): Promise<boolean> {
  try {
    await checkBlocks(state, held, [{ block, data }])
    return true
  } catch (error) {
    if (error instanceof ObjectsError) return false
    throw error
  }
}

async function dropAll(state: ShelfState, gone: readonly Held[], reason: DropReason): Promise<void> {
  const here = gone.filter(({ id }) => state.objects.has(id))
  if (here.length === 0) return
  if (here.some(({ memory }) => memory === undefined))
    await state.options.store.transact((tx) => {
      for (const held of here) deleteHeld(tx, held)
    })
  for (const held of here) forget(state, held, reason)
}

async function sweep(state: ShelfState): Promise<number> {
  const now = state.options.clock.now()
  await keepLife(state.options.store, state.objects.values(), now)
  const left = (held: Held): number => lifeLeft(held, now)
  await dropAll(
    state,
    [...state.objects.values()].filter((held) => left(held) <= 0),
    'expired',
  )
  const dead = deadSlots(state.slots, now)
  if (dead.length > 0)
    await state.options.store.transact((tx) => {
      for (const slot of dead) deleteSlot(tx, slot)
    })
  for (const slot of dead) state.slots.delete(slot)
  let next = Number.POSITIVE_INFINITY
  for (const held of state.objects.values()) next = Math.min(next, left(held))
  return next
}
