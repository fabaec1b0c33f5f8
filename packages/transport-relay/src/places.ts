/**
 * Where boxes are read on from in their buckets. spec/relay.md section 3.3.
 *
 *     settled   every frame of the box up to here is acknowledged
 *
 * It rises with what is acknowledged, and with what passes by while nothing of the box waits for that. Positions are
 * those of one store: of a relay that does not name its store, or names another, none is believed.
 */
import { type Store, toHex } from '@hyphae/core'
import { PLACE_STEP } from './limits.js'

/** Keeps places beyond the life of a carrier. */
export interface BucketPlaces {
  /** What was kept last for the box in this store; undefined: nothing. */
  load(store: Uint8Array, box: Uint8Array): Promise<number | undefined>
  keep(store: Uint8Array, box: Uint8Array, place: number): Promise<void>
}

export interface BoxPlace {
  readonly store: Uint8Array
  readonly box: Uint8Array
  /** Up to here the box is acknowledged. */
  acked: number
  /** The last frame that was handed over. */
  handed: number
  /** How far the bucket was read. */
  passed: number
  settled: number
  kept: number
  /** Frames that passed by since it was kept. */
  unkept: number
}

export interface Places {
  of(store: Uint8Array, box: Uint8Array): Promise<BoxPlace>
  handed(place: BoxPlace, cursor: number): void
  /** Resolves when it is kept. */
  acknowledged(place: BoxPlace, cursor: number): Promise<void>
  /** The bucket was read up to here, and what was the box's was handed over. */
  passed(place: BoxPlace, cursor: number): void
}

/** Where to read on: from the beginning in a store that has no name. */
export function fromPlace({ store, settled }: BoxPlace): number {
  return store.length === 0 ? 0 : settled
}

function newPlace(store: Uint8Array, box: Uint8Array, at: number): BoxPlace {
  return { store, box, acked: at, handed: at, passed: at, settled: at, kept: at, unkept: 0 }
}

/** Before the relay was asked. */
export const NOWHERE: BoxPlace = newPlace(new Uint8Array(0), new Uint8Array(0), 0)

function settle(place: BoxPlace): void {
  const { acked, handed, passed } = place
  place.settled = Math.max(place.settled, acked, handed <= acked ? passed : 0)
}

export function createPlaces(port: BucketPlaces | undefined): Places {
  const known = new Map<string, BoxPlace>()
  const keep = async (place: BoxPlace): Promise<void> => {
    place.unkept = 0
    if (port === undefined || place.store.length === 0 || place.settled === place.kept) return
    place.kept = place.settled
    await port.keep(place.store, place.box, place.settled)
  }
  return {
    of: async (store, box) => {
      const name = `${toHex(store)} ${toHex(box)}`
      const held = known.get(name)
      if (held !== undefined) return held
      const at = store.length === 0 ? undefined : await port?.load(store, box)
      // Asked for twice at once: there is one place.
      const place = known.get(name) ?? newPlace(store, box, at ?? 0)
      known.set(name, place)
      return place
    },
    handed: (place, cursor) => {
      place.handed = Math.max(place.handed, cursor)
    },
    acknowledged: async (place, cursor) => {
      place.acked = Math.max(place.acked, cursor)
      settle(place)
      await keep(place)
    },
    passed: (place, cursor) => {
      place.passed = Math.max(place.passed, cursor)
      settle(place)
      place.unkept += 1
      // What is not kept is read once more.
      if (place.unkept >= PLACE_STEP) keep(place).catch(() => {})
    },
  }
}

const TABLE = 'bucket-place'

/** Places in a store of the application. */
export function storedPlaces(kept: Store): BucketPlaces {
  return {
    load: async (store, box) => {
      const held = await kept.get([TABLE, store, box])
      return held?.length === 8
        ? Number(new DataView(held.buffer, held.byteOffset).getBigUint64(0))
        : undefined
    },
    keep: (store, box, place) => {
      const value = new Uint8Array(8)
      new DataView(value.buffer).setBigUint64(0, BigInt(place))
      return kept.transact((tx) => tx.put([TABLE, store, box], value))
    },
  }
}
