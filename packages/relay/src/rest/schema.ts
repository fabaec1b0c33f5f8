/**
 * Fields of the REST interface: what is checked when a request comes, and what the OpenAPI document says of it.
 * spec/relay-rest.md section 1.
 */

import { type DirectoryRecord, isHyphaeError, type StockUpload } from '@hyphae/core'
import {
  decodeDirectoryRecord,
  decodeStockUpload,
  MAX_DIRECTORY_BODY_BYTES,
  MAX_STOCK_ITEM_BYTES,
} from '@hyphae/tlv'
import {
  MAX_LOG_ENTRY_BYTES,
  MAX_TICKET_BYTES,
  TICKET_KINDS,
  TTL_CLASSES,
} from '@hyphae/transport-relay/wire'
import { toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { base64urlLength, fromBase64url } from './base64url.js'

export type Schema<Out> = v.GenericSchema<unknown, Out>
export type Entries = Readonly<Record<string, v.GenericSchema<unknown, unknown>>>
export type OutputOf<E extends Entries> = { readonly [K in keyof E]: v.InferOutput<E[K]> }

/** Exactly these fields. Without a prototype, so that `constructor` is an unknown field like any other. */
export function fields<E extends Entries>(entries: E): Schema<OutputOf<E>> {
  const table = Object.assign(Object.create(null), entries)
  return v.strictObject(table) as unknown as Schema<OutputOf<E>>
}

export function optional<Out>(schema: Schema<Out>): Schema<Out | undefined> {
  return v.optional(schema)
}

export function listOf<Out>(schema: Schema<Out>, min: number, max: number): Schema<Out[]> {
  return v.pipe(v.array(schema), v.minLength(min), v.maxLength(max))
}

export function whole(min: number, max: number, what: string): Schema<number> {
  return v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max), v.description(what))
}

/** In a query everything is a text. */
export function wholeText(min: number, max: number, what: string): Schema<number> {
  const digits = String(max).length
  return v.pipe(
    v.string(),
    v.regex(new RegExp(`^(0|[1-9][0-9]{0,${digits - 1}})$`)),
    v.transform(Number),
    v.minValue(min),
    v.maxValue(max),
    v.description(what),
  ) as Schema<number>
}

export function choice<const T extends string | number>(values: readonly T[], what: string): Schema<T> {
  return v.pipe(v.picklist(values), v.description(what)) as unknown as Schema<T>
}

const decoded = v.rawTransform<string, Uint8Array>(({ dataset, addIssue, NEVER }) => {
  const bytes = fromBase64url(dataset.value)
  if (bytes !== undefined) return bytes
  addIssue({ message: 'not canonical base64url' })
  return NEVER
})

function text(pattern: string, longest: number, what: string): Schema<Uint8Array> {
  return v.pipe(
    v.string(),
    v.maxLength(base64urlLength(longest)),
    v.regex(new RegExp(pattern)),
    v.description(`${what}; base64url`),
    decoded,
  )
}

/** Bytes of one of these lengths. */
export function bytesOf(lengths: readonly number[], what: string): Schema<Uint8Array> {
  const one = (length: number): string => `[A-Za-z0-9_-]{${base64urlLength(length)}}`
  const pattern = lengths.length === 1 ? one(lengths[0] as number) : `(${lengths.map(one).join('|')})`
  return text(`^${pattern}$`, Math.max(...lengths), what)
}

export function bytesUpTo(max: number, what: string): Schema<Uint8Array> {
  return text('^[A-Za-z0-9_-]*$', max, what)
}

/** Bytes that a codec of the protocol reads whole. */
function encoded<T>(max: number, what: string, decode: (bytes: Uint8Array) => T): Schema<T> {
  const read = v.rawTransform<Uint8Array, T>(({ dataset, addIssue, NEVER }) => {
    try {
      return decode(dataset.value)
    } catch (error) {
      if (!isHyphaeError(error)) throw error
      addIssue({ message: 'not what the protocol encodes' })
      return NEVER
    }
  })
  return v.pipe(bytesUpTo(max, what) as v.GenericSchema<unknown, Uint8Array>, read) as unknown as Schema<T>
}

/** Fixed parts of the two encodings, spec/directory.md. */
const RECORD_FIXED_BYTES = 139
const UPLOAD_FIXED_BYTES = 111
const MAX_UPLOAD_ITEMS = 256

export const key: Schema<Uint8Array> = bytesOf([32], '32 bytes, an Ed25519 public key')
export const id: Schema<Uint8Array> = bytesOf(
  [16],
  '16 bytes, chosen by the sender; a repeated id stores nothing',
)
export const frame: Schema<Uint8Array> = bytesOf(
  [128, 512, 2048, 4096],
  'a sealed frame of 128, 512, 2048 or 4096 bytes',
)
export const logEntry: Schema<Uint8Array> = bytesUpTo(
  MAX_LOG_ENTRY_BYTES,
  'an entry of a log, at least one byte',
)
export const ttl: Schema<(typeof TTL_CLASSES)[number]> = choice(TTL_CLASSES, 'days it is kept at least')
export const record: Schema<DirectoryRecord> = encoded(
  RECORD_FIXED_BYTES + MAX_DIRECTORY_BODY_BYTES,
  'a signed directory record as spec/directory.md encodes it',
  decodeDirectoryRecord,
)
export const upload: Schema<StockUpload> = encoded(
  UPLOAD_FIXED_BYTES + (1 + MAX_UPLOAD_ITEMS) * (MAX_STOCK_ITEM_BYTES + 2),
  'a signed stock upload as spec/directory.md encodes it',
  decodeStockUpload,
)
export const ticket: Schema<{ readonly kind: (typeof TICKET_KINDS)[number]; readonly bytes: Uint8Array }> =
  fields({
    kind: choice(TICKET_KINDS, 'what gives the right to put'),
    bytes: bytesUpTo(MAX_TICKET_BYTES, 'the ticket; empty for none'),
  })

/** JSON Schema 2020-12 of what comes in. */
export function jsonSchemaOf(schema: v.GenericSchema): Record<string, unknown> {
  const { $schema: _, ...rest } = toJsonSchema(schema, {
    target: 'draft-2020-12',
    typeMode: 'input',
    errorMode: 'ignore',
  })
  return rest
}

export interface FieldProblem {
  /** Dotted path of the field; empty for the whole. */
  readonly field: string
  readonly reason: string
}

/** What it says, or the first thing that is wrong. The value itself is never quoted. */
export function check<Out>(schema: Schema<Out>, value: unknown): { readonly value: Out } | FieldProblem {
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) return { value: result.output }
  const [issue] = result.issues
  const field = (v.getDotPath(issue) ?? '').slice(0, 100)
  const unknown = issue.type === 'strict_object' && issue.expected === 'never'
  return { field, reason: unknown ? 'no such field' : reasonOf(issue) }
}

function reasonOf(issue: v.BaseIssue<unknown>): string {
  if (issue.input === undefined) return 'missing'
  return issue.expected === null || issue.kind !== 'validation'
    ? issue.message.replace(/ but received .*/s, '')
    : `expected ${issue.expected}`
}
