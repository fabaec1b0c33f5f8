/**
 * The TLV records of a prekey bundle (spec/session.md, "Prekey bundle"): types 1 to 6 in ascending order, each once.
 * Of records it does not know, it refuses critical ones and passes over the others.
 *
 * By itself rather than by a schema of `@hyphae/tlv`, which would cost a page as much as the whole handshake.
 */
import { encodeRecords, isCritical, recordCursor, TlvError } from '@hyphae/tlv'
import { bytes, type Codec, checked, decode, encode, key, struct, time, u8, u32 } from './codec.js'
import { RatchetError } from './errors.js'

export interface SignedPrekeyPublic {
  readonly id: number
  /** Milliseconds, by its owner's clock. */
  readonly createdAt: number
  readonly publicKey: Uint8Array
}

export interface OneTimePrekeyPublic {
  readonly id: number
  readonly publicKey: Uint8Array
}

/** A KEM prekey with its KEM's number. */
export interface KemRecord {
  readonly kem: number
  readonly flags: number
  readonly id: number
  readonly publicKey: Uint8Array
}

export interface BundleRecords {
  readonly signing: Uint8Array
  readonly agreement: Uint8Array
  readonly agreementSignature: Uint8Array
  readonly signedPrekey: SignedPrekeyPublic
  readonly oneTimePrekey: OneTimePrekeyPublic | null
  readonly kemPrekey: KemRecord | null
}

/** Id 0 means "none" in a handshake, so no prekey has it. */
const id: Codec<number> = /* @__PURE__ */ checked(u32, (value) => value !== 0)

type RecordLayouts = { readonly [K in keyof BundleRecords]: Codec<NonNullable<BundleRecords[K]>> }

/** By ascending type, from 1. */
const RECORDS: RecordLayouts = {
  signing: key,
  agreement: key,
  agreementSignature: /* @__PURE__ */ bytes(64),
  signedPrekey: /* @__PURE__ */ struct({ id, createdAt: time, publicKey: key }),
  oneTimePrekey: /* @__PURE__ */ struct({ id, publicKey: key }),
  kemPrekey: /* @__PURE__ */ struct({ kem: u8, flags: u8, id, publicKey: bytes() }),
}
/** Record i has type i + 1. */
const LAYOUTS = /* @__PURE__ */ Object.entries(RECORDS) as [keyof BundleRecords, Codec<unknown>][]
/** Of the records that may be missing. */
const NONE: Partial<Record<keyof BundleRecords, unknown>> = { oneTimePrekey: null, kemPrekey: null }

export function encodeBundleRecords(records: BundleRecords): Uint8Array {
  return encodeRecords(
    LAYOUTS.flatMap(([name, layout], i) =>
      records[name] === null ? [] : { type: i + 1, value: encode(layout, records[name]) },
    ),
  )
}

/** @throws RatchetError `ratchet/bad-bundle` */
export function readBundleRecords(input: Uint8Array): BundleRecords {
  const values = { ...NONE }
  try {
    readInto(values, input)
  } catch (cause) {
    throw cause instanceof TlvError ? new RatchetError('ratchet/bad-bundle', { cause }) : cause
  }
  LAYOUTS.forEach(([name], i) => {
    if (values[name] === undefined) refuse(i + 1)
  })
  return values as BundleRecords
}

function readInto(values: typeof NONE, input: Uint8Array): void {
  const cursor = recordCursor(input)
  for (let previous = 0; cursor.next(); previous = cursor.type) {
    const { type, start, end } = cursor
    const known = LAYOUTS[type - 1]
    if (known === undefined ? type < previous || isCritical(type) : type <= previous) refuse(type)
    if (known === undefined) continue
    const [name, layout] = known
    values[name] = decode(layout, input.subarray(start, end), 'ratchet/bad-bundle')
  }
}

function refuse(type: number): never {
  throw new RatchetError('ratchet/bad-bundle', { details: { type } })
}
