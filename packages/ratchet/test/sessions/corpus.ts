/** The committed inputs of the fuzz target `sessions-rows`, made anew; `write-corpus.ts` writes them. */
import { concatBytes } from '@hyphae/core'
import { pqFuzzWorld } from '../../fuzz/support/pq-world.js'
import { postQuantum } from '../../src/pq.js'
import { encodeMeta } from '../../src/sessions/meta-row.js'
import { encodeOneTime } from '../../src/sessions/one-time-row.js'
import { encodePeer } from '../../src/sessions/peer-row.js'
import { encodeRow } from '../../src/sessions/session-row.js'

const META = 0
const PEER = 1
const SESSION = 2
const ONE_TIME = 3

const NOW = 1_700_000_000_000
const WRITER = new Uint8Array(16).fill(7)

/** Bytes of a row replaced at `at`. */
function edited(row: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = Uint8Array.from(row)
  copy.set(values, at < 0 ? copy.length + at : at)
  return copy
}

export function makeRowsCorpus(): Record<string, Uint8Array> {
  const { crypto, alice, prekeys, sessions } = pqFuzzWorld()
  const meta = encodeMeta({ generation: 9, floor: 4, writer: WRITER, witnessed: true })
  const peer = encodePeer({
    pin: alice,
    current: '0f'.repeat(16),
    elsewhere: 1,
    begun: 2,
    begunAt: NOW,
    accepted: 3,
    acceptedAt: NOW,
  })
  const head = { born: 5, archivedAt: NOW, heardAt: NOW, unanswered: 2, unansweredAt: NOW }
  const rowOf = (name: keyof typeof sessions): Uint8Array => encodeRow({ ...head, session: sessions[name] })
  const [one] = prekeys.oneTime
  if (one === undefined) throw new Error('the world has a one-time prekey')
  const oneTime = encodeOneTime(crypto, postQuantum, one)
  const classic = encodeOneTime(crypto, postQuantum, { ...one, kem: null })
  const rows: Record<string, readonly [number, Uint8Array]> = {
    'good-meta': [META, meta],
    'good-peer': [PEER, peer],
    'good-session-awaiting': [SESSION, rowOf('awaiting')],
    'good-session-offering': [SESSION, rowOf('offering')],
    'good-session-resting': [SESSION, rowOf('resting')],
    'good-one-time': [ONE_TIME, oneTime],
    'good-one-time-classic': [ONE_TIME, classic],
    'meta-version': [META, edited(meta, 0, 2)],
    'meta-flags': [META, edited(meta, 1, 2)],
    'meta-floor-ahead': [META, edited(meta, 8, 10)],
    'meta-truncated': [META, meta.slice(0, -1)],
    'peer-version': [PEER, edited(peer, 0, 0)],
    'peer-id-of-none': [PEER, edited(peer, 1, 0)],
    'peer-trailing': [PEER, concatBytes(peer, new Uint8Array(1))],
    'session-version': [SESSION, edited(rowOf('resting'), 0, 9)],
    'session-head-only': [SESSION, rowOf('resting').slice(0, 26)],
    'session-snapshot-version': [SESSION, edited(rowOf('resting'), 26, 0xf0)],
    'one-time-kem-unknown': [ONE_TIME, edited(oneTime, -65, 3)],
    'one-time-seed-missing': [ONE_TIME, oneTime.slice(0, -64)],
    'one-time-classic-with-seed': [ONE_TIME, edited(oneTime, -65, 0)],
    'table-unknown': [9, meta],
  }
  const named = Object.entries(rows).map(([name, [table, row]]) => [name, Uint8Array.of(table, ...row)])
  return { ...Object.fromEntries(named), empty: new Uint8Array() }
}
