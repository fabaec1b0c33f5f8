/** Puts fragments together, durably: each is kept in the transaction that consumed its frame. */
import { concatBytes, type StoreTransaction } from '@hyphae/core'
import type { FragmentPlace } from './body.js'
import { MAX_OPEN_FRAGMENT_SETS } from './limits.js'
import { type FragmentSetRow, fragmentSetsTable, fragmentsTable } from './rows.js'

/**
 * Keeps one fragment; returns the whole content when it was the last one missing, else null.
 * `where` names sender and place, so that nobody can fill another's set. The oldest unfinished set gives way.
 */
export async function addFragment(
  tx: StoreTransaction,
  where: string,
  place: FragmentPlace,
  data: Uint8Array,
): Promise<Uint8Array | null> {
  const sets = [...((await fragmentSetsTable.get(tx, where)) ?? [])]
  let at = sets.findIndex((set) => set.id === place.id && set.count === place.count)
  if (at < 0) {
    if (sets.length >= MAX_OPEN_FRAGMENT_SETS) dropSet(tx, where, sets.shift() as FragmentSetRow)
    at = sets.push({ id: place.id, count: place.count, have: [] }) - 1
  }
  const set = sets[at] as FragmentSetRow
  if (set.have.includes(place.index)) return null
  const have = [...set.have, place.index]
  if (have.length < set.count) {
    fragmentsTable.put(tx, data, where, place.id, place.index)
    sets[at] = { ...set, have }
    fragmentSetsTable.put(tx, sets, where)
    return null
  }
  const kept = await fragmentsTable.list(tx, [where, place.id])
  const parts: Uint8Array[] = Array.from({ length: set.count }, () => new Uint8Array())
  for (const entry of kept) parts[entry.parts[2] as number] = entry.row
  parts[place.index] = data
  dropSet(tx, where, set)
  fragmentSetsTable.put(
    tx,
    sets.filter((other) => other !== set),
    where,
  )
  return concatBytes(...parts)
}

function dropSet(tx: StoreTransaction, where: string, set: FragmentSetRow): void {
  for (const index of set.have) fragmentsTable.delete(tx, where, set.id, index)
}
