/**
 * Reading and writing records by a schema (spec/frames.md, "Fields").
 *
 * Records come in ascending order of type; only a repeated field repeats. An unknown type below 128 is refused,
 * one from 128 on is skipped and handed back, so that writing what was read gives the same bytes.
 */
import { TlvError } from './errors.js'
import { MAX_RECORDS } from './limits.js'
import { isCritical, recordCursor, recordLength, type TlvRecord, writeRecord } from './record.js'
import type { FieldSpec, FieldValues, ReadFields, Schema } from './schema.js'
import { viewOf } from './view.js'

export interface ReadFieldsOptions {
  /** Accept zero bytes after the last record. Default false. */
  readonly padding?: boolean
}

type Loose = Record<string, unknown>

/**
 * Reads `input` by `schema`.
 * @throws TlvError as readRecords, and `tlv/unknown-critical`, `tlv/duplicate-field`, `tlv/wrong-order`,
 * `tlv/missing-field`, `tlv/bad-length`
 */
export function readFields<const F extends readonly FieldSpec[]>(
  input: Uint8Array,
  schema: Schema<F>,
  options: ReadFieldsOptions = {},
): ReadFields<F> {
  const values: Loose = {}
  const unknown: TlvRecord[] = []
  const cursor = recordCursor(input, { padding: options.padding ?? false })
  let previous = 0
  let at = 0
  for (let records = 0; cursor.next(); records++) {
    const { type } = cursor
    if (records === MAX_RECORDS)
      throw new TlvError('tlv/too-many-records', { details: { limit: MAX_RECORDS } })
    if (type < previous) throw new TlvError('tlv/wrong-order', { details: { type, previous } })
    previous = type
    while (at < schema.fields.length && fieldAt(schema, at).type < type) at++
    const value = viewOf(input, cursor.start, cursor.end)
    const field = schema.fields[at]
    if (field?.type === type) setField(values, field, value)
    else if (isCritical(type)) throw new TlvError('tlv/unknown-critical', { details: { type } })
    else unknown.push({ type, value })
  }
  for (const field of schema.fields) {
    if (field.required !== false && values[field.name] === undefined) {
      throw new TlvError('tlv/missing-field', { details: { name: field.name, type: field.type } })
    }
  }
  return { values: values as FieldValues<F>, unknown }
}

function fieldAt(schema: Schema, at: number): FieldSpec {
  return schema.fields[at] as FieldSpec
}

function checkSize(field: FieldSpec, length: number): void {
  const low = field.size ?? field.min ?? 0
  const high = field.size ?? field.max ?? Number.POSITIVE_INFINITY
  if (length < low || length > high) {
    throw new TlvError('tlv/bad-length', { details: { name: field.name, type: field.type, length } })
  }
}

function setField(values: Loose, field: FieldSpec, bytes: Uint8Array): void {
  checkSize(field, bytes.length)
  const present = values[field.name] as unknown[] | undefined
  if (present !== undefined && (field.repeat === undefined || present.length >= field.repeat)) {
    throw new TlvError('tlv/duplicate-field', { details: { name: field.name, type: field.type } })
  }
  const value = field.fields === undefined ? bytes : readFields(bytes, field.fields)
  if (field.repeat === undefined) values[field.name] = value
  else if (present === undefined) values[field.name] = [value]
  else present.push(value)
}

/**
 * Writes `values` by `schema`, with `unknown` records in their places: the inverse of readFields.
 * @throws TlvError `tlv/missing-field`, `tlv/bad-length`, `tlv/duplicate-field`; `tlv/unknown-critical`,
 * `tlv/wrong-order` when `unknown` could not have come from readFields
 */
export function encodeFields<const F extends readonly FieldSpec[]>(
  schema: Schema<F>,
  values: FieldValues<F>,
  unknown: readonly TlvRecord[] = [],
): Uint8Array {
  checkUnknown(schema, unknown)
  const records: TlvRecord[] = []
  let next = 0
  for (const field of schema.fields) {
    for (; next < unknown.length && (unknown[next] as TlvRecord).type < field.type; next++) {
      records.push(unknown[next] as TlvRecord)
    }
    for (const value of valuesOf(field, (values as Loose)[field.name]))
      records.push({ type: field.type, value })
  }
  records.push(...unknown.slice(next))
  if (records.length > MAX_RECORDS) {
    throw new TlvError('tlv/too-many-records', { details: { limit: MAX_RECORDS } })
  }
  let length = 0
  for (const record of records) length += recordLength(record.value.length)
  const out = new Uint8Array(length)
  let offset = 0
  for (const record of records) offset = writeRecord(out, offset, record.type, record.value)
  return out
}

function checkUnknown(schema: Schema, unknown: readonly TlvRecord[]): void {
  let previous = 0
  for (const { type } of unknown) {
    if (isCritical(type) || schema.fields.some((field) => field.type === type)) {
      throw new TlvError('tlv/unknown-critical', { details: { type } })
    }
    if (type < previous) throw new TlvError('tlv/wrong-order', { details: { type, previous } })
    previous = type
  }
}

/** The encoded values of one field: none, one, or as many as it repeats. */
function valuesOf(field: FieldSpec, value: unknown): Uint8Array[] {
  const list = value === undefined ? [] : field.repeat === undefined ? [value] : (value as unknown[])
  if (list.length === 0 && field.required !== false) {
    throw new TlvError('tlv/missing-field', { details: { name: field.name, type: field.type } })
  }
  if (list.length > (field.repeat ?? 1)) {
    throw new TlvError('tlv/duplicate-field', { details: { name: field.name, type: field.type } })
  }
  return list.map((one) => {
    const bytes = field.fields === undefined ? (one as Uint8Array) : encodeNested(field.fields, one)
    checkSize(field, bytes.length)
    return bytes
  })
}

function encodeNested(schema: Schema, one: unknown): Uint8Array {
  const { values, unknown } = one as ReadFields
  return encodeFields(schema, values, unknown)
}

/**
 * Splits a signed structure: the last record of `input` must be of `type`; `signed` is every byte before it.
 * Both are views.
 * @throws TlvError as readRecords; `tlv/missing-field` when the last record is another
 */
export function splitLast(
  input: Uint8Array,
  type: number,
): { readonly signed: Uint8Array; readonly value: Uint8Array } {
  const cursor = recordCursor(input)
  let records = 0
  while (cursor.next()) {
    if (++records > MAX_RECORDS)
      throw new TlvError('tlv/too-many-records', { details: { limit: MAX_RECORDS } })
  }
  if (records === 0 || cursor.type !== type) throw new TlvError('tlv/missing-field', { details: { type } })
  return { signed: viewOf(input, 0, cursor.offset), value: viewOf(input, cursor.start, cursor.end) }
}
