/**
 * Asking a DHT for the records at an address: every answer is verified, all are merged, and no node is believed about
 * what the others have.
 */
import { type DirectoryRecord, equalBytes, toHex } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import type { KadDHT } from '@libp2p/kad-dht'
import { recordKey, verifyValue } from './directory-value.js'
import { MAX_ANSWERS } from './limits.js'

export interface Answers {
  /** Nodes that answered, whatever they had. */
  readonly nodes: number
  /** Verified records of each node that had some. */
  readonly found: readonly (readonly DirectoryRecord[])[]
}

export interface LookupContext {
  readonly crypto: CryptoProvider
  readonly dht: KadDHT
}

/** Until all paths have ended or the signal fires; what came by then is given. */
export async function askDht(
  { crypto, dht }: LookupContext,
  address: Uint8Array,
  signal: AbortSignal,
): Promise<Answers> {
  const key = recordKey(address)
  const verified = new Map<string, readonly DirectoryRecord[]>()
  const found: (readonly DirectoryRecord[])[] = []
  let nodes = 0
  const take = (value: Uint8Array): void => {
    const name = toHex(crypto.sha256(value))
    let records = verified.get(name)
    if (records === undefined) {
      try {
        records = verifyValue(crypto, address, value)
      } catch {
        return
      }
      verified.set(name, records)
    }
    found.push(records)
  }
  try {
    for await (const event of dht.get(key, { signal })) {
      // What follows would tell others what we know now; they hear it from whoever publishes.
      if (event.name === 'SEND_QUERY' && event.messageName === 'PUT_VALUE') break
      if (event.name !== 'PEER_RESPONSE') continue
      nodes += 1
      const { record } = event
      if (record !== undefined && equalBytes(record.key, key) && found.length < MAX_ANSWERS)
        take(record.value)
    }
  } catch {
    // The time is over, or a node misbehaved: what is there is there.
  }
  return { nodes, found }
}

/**
 * One list of all answers: of each writer its newest record. Writers that most nodes name come first, then those that
 * they name earlier.
 */
export function mergeAnswers(found: Answers['found']): DirectoryRecord[] {
  const rows = new Map<string, { record: DirectoryRecord; named: number; places: number }>()
  for (const records of found)
    records.forEach((record, place) => {
      const writer = toHex(record.writer)
      const row = rows.get(writer) ?? { record, named: 0, places: 0 }
      row.named += 1
      row.places += place
      if (record.sequence > row.record.sequence) row.record = record
      rows.set(writer, row)
    })
  return [...rows.values()]
    .sort((a, b) => b.named - a.named || a.places - b.places)
    .map(({ record }) => record)
}
