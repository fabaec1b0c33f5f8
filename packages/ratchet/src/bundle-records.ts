/**
 * The TLV records of a prekey bundle (spec/session.md, "Prekey bundle"): types 1 to 6 in ascending order, each once.
 * Of records it does not know, it refuses critical ones and passes over the others.
 *
 * By itself rather than by a schema of `@hyphae/tlv`, which would cost a page as much as the whole handshake.
 */
import { isHyphaeError } from '@hyphae/core'
import { encodeRecords, isCritical, recordCursor } from '@hyphae/tlv'
import { RatchetError } from './errors.js'

export interface BundleRecords {
  readonly signing: Uint8Array
  readonly agreement: Uint8Array
  readonly agreementSignature: Uint8Array
  readonly signedPrekey: Uint8Array
  readonly oneTimePrekey: Uint8Array | null
  readonly kemPrekey: Uint8Array | null
}

const SIGNED_PREKEY_BYTES = 4 + 6 + 32
const ONE_TIME_PREKEY_BYTES = 4 + 32
const KEM_FIXED_BYTES = 1 + 1 + 4
const KEM_MAX_BYTES = KEM_FIXED_BYTES + 1568

/** Record of type i + 1: its fewest and most bytes, and whether it may be missing. */
const RECORDS: readonly (readonly [name: keyof BundleRecords, min: number, max: number, optional?: true])[] =
  [
    ['signing', 32, 32],
    ['agreement', 32, 32],
    ['agreementSignature', 64, 64],
    ['signedPrekey', SIGNED_PREKEY_BYTES, SIGNED_PREKEY_BYTES],
    ['oneTimePrekey', ONE_TIME_PREKEY_BYTES, ONE_TIME_PREKEY_BYTES, true],
    ['kemPrekey', KEM_FIXED_BYTES, KEM_MAX_BYTES, true],
  ]

export function encodeBundleRecords(records: BundleRecords): Uint8Array {
  return encodeRecords(
    RECORDS.flatMap(([name], i) => {
      const value = records[name]
      return value === null ? [] : [{ type: i + 1, value }]
    }),
  )
}

/** Values are views. @throws RatchetError `ratchet/bad-bundle` */
export function readBundleRecords(input: Uint8Array): BundleRecords {
  const values: Partial<Record<keyof BundleRecords, Uint8Array | null>> = {}
  try {
    readInto(values, input)
  } catch (cause) {
    if (isHyphaeError(cause)) throw new RatchetError('ratchet/bad-bundle', { cause })
    throw cause
  }
  RECORDS.forEach(([name, , , optional], i) => {
    if (values[name] === undefined && optional === undefined) refuse(i + 1)
    values[name] ??= null
  })
  return values as unknown as BundleRecords
}

function readInto(values: Partial<Record<keyof BundleRecords, Uint8Array | null>>, input: Uint8Array): void {
  const cursor = recordCursor(input)
  for (let previous = 0; cursor.next(); previous = cursor.type) {
    const { type, start, end } = cursor
    const record = RECORDS[type - 1]
    if (record === undefined) {
      if (isCritical(type) || type < previous) refuse(type)
      continue
    }
    const [name, min, max] = record
    if (type <= previous || end - start < min || end - start > max) refuse(type)
    values[name] = input.subarray(start, end)
  }
}

function refuse(type: number): never {
  throw new RatchetError('ratchet/bad-bundle', { details: { type } })
}
