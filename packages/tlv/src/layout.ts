/**
 * Layouts: structures of fixed, 8-aligned fields and one tail of bytes (spec/frames.md, "Aligned layouts").
 *
 *     0 id u16 | 2 zero u16 | 4 tail length u32 | 8 fields … | tail | zeros to a multiple of 8
 *
 * For data that is read far more often than it changes shape: logs, queues, memory shared between workers. A
 * layout is a table of offsets; layout-cursor.ts reads and writes by it.
 */
import { TlvError } from './errors.js'
import { MAX_LAYOUT_FIELDS } from './limits.js'

export const LAYOUT_HEADER_BYTES = 8

/** `'u64'`, or the length of a byte field. */
export type LayoutFieldKind = 'u64' | number

export interface U64Field {
  readonly kind: 'u64'
  /** In 32-bit words from the start of the structure. */
  readonly word: number
}

export interface BytesField {
  readonly kind: 'bytes'
  readonly word: number
  /** In bytes. */
  readonly size: number
}

type FieldOf<K> = K extends 'u64' ? U64Field : BytesField

export interface Layout<
  F extends Readonly<Record<string, LayoutFieldKind>> = Record<string, LayoutFieldKind>,
> {
  readonly id: number
  readonly fields: { readonly [K in keyof F]: FieldOf<F[K]> }
  /** Header and fields: where the tail starts. */
  readonly fixedBytes: number
  readonly maxTail: number
  /** Bytes after fields that end off the alignment, from the start of the structure: always zero. */
  readonly gaps: readonly { readonly start: number; readonly length: number }[]
}

export interface LayoutDefinition<F extends Readonly<Record<string, LayoutFieldKind>>> {
  /** 1 to 65,535: says which layout a structure has. Change it when the fields change. */
  readonly id: number
  /** In the order they lie in memory. */
  readonly fields: F
  /** Longest tail in bytes; 0 for none. */
  readonly maxTail: number
}

function refuse(why: string): never {
  throw new TlvError('tlv/bad-layout', { details: { why } })
}

/** Rounds up to the alignment of structures. */
export function align8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8
}

/** Fields of other lengths than a multiple of 8 are followed by zeros. @throws TlvError `tlv/bad-layout` */
export function defineLayout<const F extends Readonly<Record<string, LayoutFieldKind>>>(
  definition: LayoutDefinition<F>,
): Layout<F> {
  const { id, maxTail } = definition
  if (!Number.isInteger(id) || id < 1 || id > 0xffff) refuse('id')
  if (!Number.isInteger(maxTail) || maxTail < 0 || maxTail > 0x7fff_ffff) refuse('maxTail')
  const entries = Object.entries<LayoutFieldKind>(definition.fields)
  if (entries.length > MAX_LAYOUT_FIELDS) refuse('too many fields')
  const fields: Record<string, U64Field | BytesField> = {}
  const gaps: { start: number; length: number }[] = []
  let offset = LAYOUT_HEADER_BYTES
  for (const [name, kind] of entries) {
    if (name in Object.prototype) refuse('reserved name')
    if (kind !== 'u64' && (!Number.isInteger(kind) || kind < 1 || kind > 0xffff)) refuse('field size')
    const word = offset / 4
    fields[name] = Object.freeze(
      kind === 'u64' ? { kind, word } : { kind: 'bytes' as const, word, size: kind },
    )
    const length = kind === 'u64' ? 8 : kind
    const end = offset + align8(length)
    if (end !== offset + length) gaps.push({ start: offset + length, length: end - offset - length })
    offset = end
  }
  return Object.freeze({
    id,
    fields: Object.freeze(fields),
    fixedBytes: offset,
    maxTail,
    gaps: Object.freeze(gaps),
  }) as unknown as Layout<F>
}

/** Bytes that a structure with this tail takes. @throws TlvError `tlv/bad-length` */
export function layoutLength(layout: Layout, tailLength: number): number {
  if (!Number.isInteger(tailLength) || tailLength < 0 || tailLength > layout.maxTail) {
    throw new TlvError('tlv/bad-length', { details: { length: tailLength, max: layout.maxTail } })
  }
  return align8(layout.fixedBytes + tailLength)
}
