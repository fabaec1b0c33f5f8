/**
 * Stored form of the post-quantum ratchet, inside the session's (spec/session.md, "Snapshots"). Holds secrets.
 *
 *   epoch u32 | healed u48 | messages u16 | silent u16 | kind u4, flags u4: 1 spoke | key 32 | root 32
 *   0 resting
 *   1 offering    seed 64 | encapsulation key 1184 | header 64 | progress | ct1 | ct2
 *   2 moved       next key 32
 *   3 awaiting    header | vector
 *   4 answering   next key 32 | ct1 960 | progress | 0 | random 32 | header 64 | vector
 *                                                  | 1 | ct2 128
 *   progress      acknowledged u8 | next index u8 × 2
 *   ct1, ct2, header, vector, as collected: count u8 | index u8 × count | chunk 16 × count, or 255 | value
 */
import { mlKem768 } from '@hyphae/crypto/kem'
import {
  absent,
  bytes as bytesOf,
  type Codec,
  checked,
  choice,
  decode,
  encode,
  key,
  mapped,
  refuse,
  struct,
  time,
  u8,
  u16,
  u32,
} from '../codec.js'
import { RatchetError } from '../errors.js'
import { MAX_PQ_SNAPSHOT_BYTES } from '../limits.js'
import type { SessionRole } from '../role.js'
import { CHUNK_BYTES, type Collected, chunksOf } from './erasure.js'
import { CT1_BYTES, CT2_BYTES, HEADER_BYTES, joinKey, RANDOM_BYTES, VECTOR_BYTES } from './incremental.js'
import {
  type Answering,
  type Awaiting,
  type Exchange,
  type Offering,
  offers,
  type Pending,
  type PqState,
} from './state.js'

const KINDS = ['resting', 'offering', 'moved', 'awaiting', 'answering'] as const
/** Of the byte that tells kind and flags, and with them the rest of the layout. */
const HEAD_OFFSET = 14
const FLAG_SPOKE = 1
const WHOLE = 0xff
const SEED_BYTES = 64

type Kind = Exchange['kind']

/** count u8, or 255 for a whole value. */
function collected(length: number): Codec<Collected> {
  const whole = bytesOf(length)
  return {
    read(reader) {
      const count = u8.read(reader)
      if (count === WHOLE) return { kind: 'whole', value: whole.read(reader) }
      if (count >= chunksOf(length)) refuse(reader)
      const indices = bytesOf(count).read(reader)
      if (new Set(indices).size !== count) refuse(reader)
      return { kind: 'partial', indices, data: bytesOf(count * CHUNK_BYTES).read(reader) }
    },
    write(writer, value) {
      u8.write(writer, value.kind === 'whole' ? WHOLE : value.indices.length)
      if (value.kind === 'partial') whole.write(writer, value.indices)
      whole.write(writer, value.kind === 'whole' ? value.value : value.data)
    },
  }
}

function pair<T>(first: Codec<T>, second: Codec<T>): Codec<readonly [T, T]> {
  return mapped(
    struct({ first, second }),
    (both) => [both.first, both.second],
    ([one, other]) => ({ first: one, second: other }),
  )
}

/** Header and vector are of one key, if both are known. */
function fit(header: Collected, vector: Collected): boolean {
  return header.kind !== 'whole' || vector.kind !== 'whole' || joinKey(header.value, vector.value) !== null
}

const PROGRESS = {
  acked: /* @__PURE__ */ checked(u8, (acked) => acked <= 3),
  cursors: /* @__PURE__ */ pair(u8, u8),
}

const PENDING: Codec<Pending> = /* @__PURE__ */ checked(
  /* @__PURE__ */ struct<Pending>({
    random: /* @__PURE__ */ bytesOf(RANDOM_BYTES),
    header: /* @__PURE__ */ bytesOf(HEADER_BYTES),
    vector: /* @__PURE__ */ collected(VECTOR_BYTES),
  }),
  ({ header, vector }) => fit({ kind: 'whole', value: header }, vector),
)

const REST: Codec<Answering['rest']> = /* @__PURE__ */ choice<Answering['rest']>(
  [
    /* @__PURE__ */ struct({ kind: /* @__PURE__ */ absent('pending'), pending: PENDING }),
    /* @__PURE__ */ struct({ kind: /* @__PURE__ */ absent('made'), ct2: /* @__PURE__ */ bytesOf(CT2_BYTES) }),
  ],
  (rest) => (rest.kind === 'pending' ? 0 : 1),
)

const EXCHANGES: { readonly [K in Kind]: Codec<Extract<Exchange, { kind: K }>> } = {
  resting: /* @__PURE__ */ absent({ kind: 'resting' }),
  moved: /* @__PURE__ */ absent({ kind: 'moved' }),
  offering: /* @__PURE__ */ struct<Offering>({
    kind: /* @__PURE__ */ absent('offering'),
    privateKey: /* @__PURE__ */ mapped(
      /* @__PURE__ */ bytesOf(SEED_BYTES),
      (seed) => mlKem768.importSeed(seed),
      (own) => mlKem768.exportSeed(own),
    ),
    publicKey: /* @__PURE__ */ bytesOf(mlKem768.publicKeyBytes),
    header: /* @__PURE__ */ bytesOf(HEADER_BYTES),
    ...PROGRESS,
    collected: /* @__PURE__ */ pair(
      /* @__PURE__ */ collected(CT1_BYTES),
      /* @__PURE__ */ collected(CT2_BYTES),
    ),
  }),
  awaiting: /* @__PURE__ */ checked(
    /* @__PURE__ */ struct<Awaiting>({
      kind: /* @__PURE__ */ absent('awaiting'),
      collected: /* @__PURE__ */ pair(
        /* @__PURE__ */ collected(HEADER_BYTES),
        /* @__PURE__ */ collected(VECTOR_BYTES),
      ),
    }),
    ({ collected: [header, vector] }) => fit(header, vector),
  ),
  answering: /* @__PURE__ */ struct<Answering>({
    kind: /* @__PURE__ */ absent('answering'),
    ct1: /* @__PURE__ */ bytesOf(CT1_BYTES),
    ...PROGRESS,
    rest: REST,
  }),
}

type StoredPq = Omit<PqState, 'role' | 'spoke'> & { readonly head: number }

function layoutOf(kind: Kind): Codec<StoredPq> {
  return struct<StoredPq>({
    epoch: u32,
    healedAt: time,
    messages: u16,
    silent: u16,
    head: u8,
    key,
    root: key,
    next: kind === 'moved' || kind === 'answering' ? key : absent(null),
    exchange: EXCHANGES[kind],
  })
}

export function encodePq(state: PqState): Uint8Array {
  const { kind } = state.exchange
  const head = (KINDS.indexOf(kind) << 4) | (state.spoke ? FLAG_SPOKE : 0)
  return encode(layoutOf(kind), { ...state, head }, MAX_PQ_SNAPSHOT_BYTES)
}

/** Accepts only what encodePq writes. @throws RatchetError `ratchet/bad-snapshot` */
export function decodePq(role: SessionRole, bytes: Uint8Array): PqState {
  const head = bytes[HEAD_OFFSET] ?? 0
  const kind = KINDS[head >>> 4]
  const flags = head & 0xf
  if (kind === undefined || flags > FLAG_SPOKE) return refuseHead(head)
  const { epoch, healedAt, messages, silent, key, root, next, exchange } = decode(
    layoutOf(kind),
    bytes,
    'ratchet/bad-snapshot',
  )
  const ours = kind === 'resting' || kind === 'offering' || kind === 'moved'
  if (ours !== offers(role, epoch + 1)) refuseHead(head)
  const spoke = flags === FLAG_SPOKE
  return { role, epoch, key, root, next, exchange, messages, silent, spoke, healedAt }
}

function refuseHead(head: number): never {
  throw new RatchetError('ratchet/bad-snapshot', { details: { head } })
}
