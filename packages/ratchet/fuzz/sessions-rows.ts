/** Any bytes as a row of the session manager: refused with a typed error, or canonical. The first byte names the table. */
import { equalBytes } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { RatchetError } from '../src/index.js'
import { postQuantum } from '../src/pq.js'
import { decodeMeta, encodeMeta } from '../src/sessions/meta-row.js'
import { decodeOneTime, encodeOneTime } from '../src/sessions/one-time-row.js'
import { decodePeer, encodePeer } from '../src/sessions/peer-row.js'
import { decodeRow, encodeRow } from '../src/sessions/session-row.js'

/** By the byte that names them. */
export const TABLES: readonly ((row: Uint8Array) => Uint8Array)[] = [
  (row) => encodeMeta(decodeMeta(row)),
  (row) => encodePeer(decodePeer(row)),
  (row) => encodeRow(decodeRow(crypto, row, { pq: postQuantum })),
  (row) => encodeOneTime(crypto, postQuantum, decodeOneTime(crypto, postQuantum, 1, row)),
]

export const target: { name: string; run(input: Uint8Array): void } = {
  name: 'sessions-rows',
  run(input) {
    const again = TABLES[input[0] ?? TABLES.length]
    if (again === undefined) throw new RatchetError('ratchet/bad-snapshot')
    const row = input.slice(1)
    if (!equalBytes(again(row), row)) throw new Error('the row is not canonical')
  },
}
