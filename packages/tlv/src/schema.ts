/**
 * Schemas: which records a structure has (spec/frames.md, "Fields").
 *
 * A schema is data, checked once when it is defined; fields.ts reads and writes by it.
 */
import { TlvError } from './errors.js'
import { MAX_DEPTH, MAX_RECORDS, MAX_VALUE_BYTES } from './limits.js'
import type { TlvRecord } from './record.js'

export interface FieldSpec {
  /** 1 to 254; below 128 a reader that does not know it must refuse. */
  readonly type: number
  readonly name: string
  /** Exact length of the value. Instead of `min` and `max`. */
  readonly size?: number
  /** Shortest value, default 0. */
  readonly min?: number
  /** Longest value, default 65,535. */
  readonly max?: number
  /** Default true. A required repeated field occurs at least once. */
  readonly required?: boolean
  /** The field may occur this often, in a row; its value is then an array. */
  readonly repeat?: number
  /** The value is itself records of this schema. */
  readonly fields?: Schema
}

export interface Schema<F extends readonly FieldSpec[] = readonly FieldSpec[]> {
  /** In ascending order of type. */
  readonly fields: F
  /** Levels of records, 1 for a flat schema. */
  readonly depth: number
}

type One<F extends FieldSpec> = F extends { readonly fields: Schema<infer Inner> }
  ? ReadFields<Inner>
  : Uint8Array
type Value<F extends FieldSpec> = F extends { readonly repeat: number } ? readonly One<F>[] : One<F>
type IsOptional<F extends FieldSpec> = F extends { readonly required: false } ? true : false

/** A structure as it was read. Nested structures have the same shape. */
export interface ReadFields<F extends readonly FieldSpec[] = readonly FieldSpec[]> {
  /** Bytes are views into the input. */
  readonly values: FieldValues<F>
  /** Non-critical records the schema does not know, in the order they came. */
  readonly unknown: readonly TlvRecord[]
}

/** The values of a schema by name: bytes, arrays where a field repeats, ReadFields where it nests. */
export type FieldValues<F extends readonly FieldSpec[]> = {
  readonly [K in F[number] as IsOptional<K> extends true ? never : K['name']]: Value<K>
} & {
  readonly [K in F[number] as IsOptional<K> extends true ? K['name'] : never]?: Value<K>
}

function refuse(name: string, why: string): never {
  throw new TlvError('tlv/bad-layout', { details: { name, why } })
}

function checkField(field: FieldSpec, previousType: number): void {
  const { name, type, size, min = 0, max = MAX_VALUE_BYTES, repeat = 1 } = field
  if (name in Object.prototype) refuse(name, 'reserved name')
  if (!Number.isInteger(type) || type < 1 || type > 254) refuse(name, 'type')
  if (type <= previousType) refuse(name, 'types must ascend')
  if (size !== undefined && (field.min !== undefined || field.max !== undefined))
    refuse(name, 'size with min or max')
  const low = size ?? min
  const high = size ?? max
  if (!Number.isInteger(low) || !Number.isInteger(high) || low < 0 || low > high || high > MAX_VALUE_BYTES) {
    refuse(name, 'size')
  }
  if (!Number.isInteger(repeat) || repeat < 1 || repeat > MAX_RECORDS) refuse(name, 'repeat')
}

/**
 * Checks and freezes a schema. Call it once, at module level.
 * @throws TlvError `tlv/bad-layout` unless types ascend, names differ and sizes are possible; `tlv/too-deep`
 */
export function defineSchema<const F extends readonly FieldSpec[]>(fields: F): Schema<F> {
  const names = new Set<string>()
  let previousType = 0
  let depth = 1
  for (const field of fields) {
    checkField(field, previousType)
    if (names.has(field.name)) refuse(field.name, 'duplicate name')
    names.add(field.name)
    previousType = field.type
    if (field.fields !== undefined) depth = Math.max(depth, 1 + field.fields.depth)
  }
  if (depth > MAX_DEPTH) throw new TlvError('tlv/too-deep', { details: { depth, limit: MAX_DEPTH } })
  return Object.freeze({ fields: Object.freeze([...fields]) as unknown as F, depth })
}
