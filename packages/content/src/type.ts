/**
 * A content type: a name, a schema that decides what is a body of it, and how a body looks on the wire.
 *
 * spec/content.md section 4. The schema is any Standard Schema (valibot, zod, arktype, …) that validates
 * synchronously and accepts what it returns. Knows nothing of envelopes.
 */
import { isHyphaeError } from '@hyphae/core'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { ContentError } from './errors.js'
import { MAX_TYPE_NAME_CHARACTERS, MAX_TYPE_NUMBER } from './limits.js'

export interface ContentDefinition<T extends string, S extends StandardSchemaV1> {
  /** `text`, or `reverse.domain/name` for types of one's own. */
  readonly type: T
  readonly schema: S
  /** One byte instead of the name on the wire, 1–127; spec/content.md lists who uses which. */
  readonly number?: number
  /** Compact form of a valid body; the body itself when left out. */
  pack?(body: StandardSchemaV1.InferOutput<S>): unknown
  /**
   * Turns what `pack` made into a candidate for the schema. Strangers send other values: return one that the
   * schema refuses, such as null, so that a body has one form on the wire.
   */
  unpack?(wire: unknown): unknown
}

/** Made by `defineContent`. `B` is the type of a valid body. */
export interface ContentType<T extends string = string, B = unknown> {
  readonly type: T
  readonly number: number | undefined
  /** The value the schema returns. @throws ContentError `content/invalid-body`, `content/async-schema`, `content/schema-failed` */
  validate(value: unknown): B
  pack(body: B): unknown
  unpack(wire: unknown): unknown
}

const TYPE_NAME = /^[a-z][a-zA-Z0-9._-]*(?:\/[a-zA-Z0-9][a-zA-Z0-9._-]*)?$/

export function isTypeName(name: string): boolean {
  return name.length <= MAX_TYPE_NAME_CHARACTERS && TYPE_NAME.test(name)
}

export function isTypeNumber(number: number): boolean {
  return Number.isInteger(number) && number >= 1 && number <= MAX_TYPE_NUMBER
}

/** @throws ContentError `content/bad-type` */
export function defineContent<const T extends string, S extends StandardSchemaV1>(
  definition: ContentDefinition<T, S>,
): ContentType<T, StandardSchemaV1.InferOutput<S>> {
  const { type, schema, number } = definition
  if (!isTypeName(type) || (number !== undefined && !isTypeNumber(number)))
    throw new ContentError('content/bad-type')
  return {
    type,
    number,
    validate: (value) => validate(type, schema, value),
    pack: (body) => guarded(type, () => (definition.pack ? definition.pack(body) : body)),
    unpack: (wire) => guarded(type, () => (definition.unpack ? definition.unpack(wire) : wire)),
  }
}

function validate<S extends StandardSchemaV1>(
  type: string,
  schema: S,
  value: unknown,
): StandardSchemaV1.InferOutput<S> {
  const result = guarded(type, () => schema['~standard'].validate(value))
  if (result instanceof Promise) {
    // Whatever it will say is not waited for, and must not surface as an unhandled rejection.
    result.catch(() => {})
    throw new ContentError('content/async-schema', { details: { type } })
  }
  if (result.issues === undefined) return result.value
  const path = result.issues[0]?.path?.map(segmentName).join('.') ?? ''
  throw new ContentError('content/invalid-body', {
    // An issue's own message may quote the value, so only its place is told.
    details: { type, issues: result.issues.length, ...(path === '' ? {} : { path }) },
  })
}

function guarded<R>(type: string, work: () => R): R {
  try {
    return work()
  } catch (error) {
    if (isHyphaeError(error)) throw error
    // The cause is left out: it may quote the message.
    const thrown = error instanceof Error ? error.name : typeof error
    throw new ContentError('content/schema-failed', { details: { type, thrown } })
  }
}

function segmentName(segment: PropertyKey | StandardSchemaV1.PathSegment): string {
  const key = typeof segment === 'object' ? segment.key : segment
  // A name that reads like a field is shown; any other key may be data.
  return /^[a-zA-Z0-9_]{1,32}$/.test(String(key)) ? String(key) : '?'
}
