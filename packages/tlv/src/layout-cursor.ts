/**
 * A reused position over structures of one layout, for reading and for writing (spec/frames.md, "Aligned layouts").
 *
 * Nothing is allocated a structure: `open` checks a header, a getter reads the words it is asked for. A u64 is two
 * u32, because a BigInt is an allocation. Fast because the memory is aligned and read in the host's byte order,
 * which therefore must be little-endian; readable twins of every access are in the tests.
 */
import { TlvError } from './errors.js'
import { type BytesField, type Layout, type LayoutFieldKind, layoutLength, type U64Field } from './layout.js'
import { viewOf } from './view.js'

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1
/** Offsets stay within 31 bits, where they are integers to the engine and not floats. */
const MAX_BUFFER_BYTES = 0x7fff_fff8
const TWO_32 = 0x1_0000_0000
const PER_TWO_32 = 1 / TWO_32
/** A high word above this makes a number beyond 2^53 − 1. */
const MAX_SAFE_HIGH = 0x1f_ffff

export interface LayoutCursor {
  /** Byte offset of the current structure. */
  readonly offset: number
  /** Byte offset after it. */
  readonly end: number
  readonly tailStart: number
  readonly tailLength: number
  /**
   * Goes to the structure at `offset`, a multiple of 8, and checks its header, bounds and padding.
   * @throws TlvError `tlv/bad-frame`, `tlv/truncated`, `tlv/bad-padding`
   */
  open(offset: number): void
  /** Opens the structure after the current one; false at the end of the buffer. At first: the one at 0. */
  next(): boolean
  low(field: U64Field): number
  high(field: U64Field): number
  /** @throws TlvError `tlv/bad-number` beyond 2^53 − 1 */
  number(field: U64Field): number
  /** Word `i` of a byte field, little-endian: enough for a hash table. */
  word(field: BytesField, i: number): number
  equals(field: BytesField, bytes: Uint8Array): boolean
  /** A view; allocates one object. */
  bytes(field: BytesField): Uint8Array
  /** A view; allocates one object. */
  tail(): Uint8Array
  /**
   * Starts a structure at `offset`, fields zero, and returns the offset after it. Then set its fields and tail.
   * @throws TlvError `tlv/bad-length` when tail or buffer are too small
   */
  begin(offset: number, tailLength: number): number
  /**
   * As `begin`, but a field keeps what stood there before until it is set: for writers that set every field each
   * time. Gaps after fields are cleared all the same.
   * @throws TlvError as `begin`
   */
  unsafeBegin(offset: number, tailLength: number): number
  setU64(field: U64Field, low: number, high: number): void
  /** A whole number up to 2^53 − 1. @throws TlvError `tlv/bad-number` */
  setNumber(field: U64Field, value: number): void
  /** @throws TlvError `tlv/bad-length` unless exactly the field's size */
  setBytes(field: BytesField, bytes: Uint8Array): void
  /**
   * The same from words, as `wordsOf` makes them: for keys that are written again and again, three times as fast.
   * @throws TlvError `tlv/bad-length` unless exactly the field's size
   */
  setWords(field: BytesField, words: Uint32Array): void
  /** @throws TlvError `tlv/bad-length` unless exactly as long as `begin` was told */
  setTail(bytes: Uint8Array): void
}

function checkBuffer(buffer: Uint8Array): void {
  if (!LITTLE_ENDIAN) throw new TlvError('tlv/bad-layout', { details: { why: 'big-endian host' } })
  if (buffer.byteOffset % 8 !== 0)
    throw new TlvError('tlv/bad-layout', { details: { why: 'unaligned buffer' } })
  if (buffer.length > MAX_BUFFER_BYTES) {
    throw new TlvError('tlv/bad-layout', { details: { why: 'buffer too large', max: MAX_BUFFER_BYTES } })
  }
}

/**
 * The bytes as little-endian words, for `setWords`; a copy.
 * @throws TlvError `tlv/bad-length` unless a multiple of 4 bytes long
 */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  if (bytes.length % 4 !== 0) badLength(bytes.length, Math.ceil(bytes.length / 4) * 4)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true))
}

function badLength(length: number, expected: number): never {
  throw new TlvError('tlv/bad-length', { details: { length, expected } })
}

/** A class, because the engine inlines its methods where it would not inline closures over changing variables. */
class Cursor implements LayoutCursor {
  offset = 0
  end = 0
  tailStart = 0
  tailLength = 0
  private base = 0
  private readonly id: number
  private readonly fixedBytes: number
  private readonly maxTail: number
  private readonly size: number
  private readonly gaps: Layout['gaps'] | null
  private readonly words: Uint32Array
  /** For clearing eight bytes at a time: the double 0 is eight zero bytes. */
  private readonly doubles: Float64Array
  private readonly buffer: Uint8Array
  private readonly layout: Layout

  constructor(layout: Layout, buffer: Uint8Array) {
    this.layout = layout
    this.id = layout.id
    this.fixedBytes = layout.fixedBytes
    this.maxTail = layout.maxTail
    this.size = buffer.length
    this.gaps = layout.gaps.length === 0 ? null : layout.gaps
    checkBuffer(buffer)
    this.words = new Uint32Array(buffer.buffer, buffer.byteOffset, buffer.length >>> 2)
    this.doubles = new Float64Array(buffer.buffer, buffer.byteOffset, buffer.length >>> 3)
    this.buffer = buffer
  }

  open(at: number): void {
    const first = at >> 2
    if ((at & ~7) !== at || at < 0) throw new TlvError('tlv/bad-frame', { details: { offset: at } })
    const tailStart = at + this.fixedBytes
    if (tailStart > this.size) this.refuseEnd(at)
    const { words } = this
    const tail = words[first + 1] as number
    if (words[first] !== this.id || tail > this.maxTail) this.refuseHeader(at, words[first] as number, tail)
    const tailEnd = tailStart + tail
    // Not (x + 7) & ~7: that is negative beyond 2^31, where a hostile tail length can point.
    const padding = -tailEnd & 7
    if (tailEnd + padding > this.size) this.refuseEnd(at)
    if (padding !== 0) this.checkPadding(tailEnd, padding)
    if (this.gaps !== null) this.checkGaps(at, this.gaps)
    this.base = first
    this.offset = at
    this.tailStart = tailStart
    this.tailLength = tail
    this.end = tailEnd + padding
  }

  next(): boolean {
    if (this.end >= this.size) return false
    this.open(this.end)
    return true
  }

  low(field: U64Field): number {
    return this.words[this.base + field.word] as number
  }

  high(field: U64Field): number {
    return this.words[this.base + field.word + 1] as number
  }

  number(field: U64Field): number {
    const at = this.base + field.word
    const high = this.words[at + 1] as number
    if (high > MAX_SAFE_HIGH) badNumber()
    return high * TWO_32 + (this.words[at] as number)
  }

  word(field: BytesField, i: number): number {
    return this.words[this.base + field.word + i] as number
  }

  equals(field: BytesField, bytes: Uint8Array): boolean {
    if (bytes.length !== field.size) return false
    const start = (this.base + field.word) * 4
    for (let i = 0; i < field.size; i++) if (this.buffer[start + i] !== bytes[i]) return false
    return true
  }

  bytes(field: BytesField): Uint8Array {
    const start = (this.base + field.word) * 4
    return viewOf(this.buffer, start, start + field.size)
  }

  tail(): Uint8Array {
    return viewOf(this.buffer, this.tailStart, this.tailStart + this.tailLength)
  }

  begin(at: number, tail: number): number {
    const after = this.unsafeBegin(at, tail)
    const { doubles } = this
    // A reused buffer holds old data: fields that are never set must not carry it out.
    for (let i = (at >> 3) + 1, end = this.tailStart >> 3; i < end; i++) doubles[i] = 0
    return after
  }

  unsafeBegin(at: number, tail: number): number {
    if (tail >>> 0 !== tail || tail > this.maxTail) layoutLength(this.layout, tail)
    if ((at & ~7) !== at || at < 0) throw new TlvError('tlv/bad-frame', { details: { offset: at } })
    const tailStart = at + this.fixedBytes
    const tailEnd = tailStart + tail
    const after = tailEnd + (-tailEnd & 7)
    if (after > this.size) badLength(this.size, after)
    const { words } = this
    const first = at >> 2
    if (this.gaps !== null) this.clearGaps(at, this.gaps)
    this.doubles[(after >> 3) - 1] = 0
    words[first] = this.id
    words[first + 1] = tail
    this.base = first
    this.offset = at
    this.tailStart = tailStart
    this.tailLength = tail
    this.end = after
    return after
  }

  setU64(field: U64Field, low: number, high: number): void {
    const at = this.base + field.word
    this.words[at] = low
    this.words[at + 1] = high
  }

  setNumber(field: U64Field, value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) badNumber()
    // A product with a power of two is exact, and cheaper than a division.
    const high = Math.floor(value * PER_TWO_32)
    const at = this.base + field.word
    this.words[at] = value - high * TWO_32
    this.words[at + 1] = high
  }

  setBytes(field: BytesField, bytes: Uint8Array): void {
    if (bytes.length !== field.size) badLength(bytes.length, field.size)
    this.buffer.set(bytes, (this.base + field.word) * 4)
  }

  setWords(field: BytesField, source: Uint32Array): void {
    const { length } = source
    if (length * 4 !== field.size) badLength(length * 4, field.size)
    const { words } = this
    const first = this.base + field.word
    let i = 0
    // Four at a time: for a key of 32 bytes the loop would cost as much as the copy.
    for (; i + 3 < length; i += 4) {
      const a = source[i] as number
      const b = source[i + 1] as number
      const c = source[i + 2] as number
      const d = source[i + 3] as number
      words[first + i] = a
      words[first + i + 1] = b
      words[first + i + 2] = c
      words[first + i + 3] = d
    }
    for (; i < length; i++) words[first + i] = source[i] as number
  }

  setTail(bytes: Uint8Array): void {
    if (bytes.length !== this.tailLength) badLength(bytes.length, this.tailLength)
    this.buffer.set(bytes, this.tailStart)
  }

  private refuseEnd(at: number): never {
    throw new TlvError('tlv/truncated', { details: { offset: at, length: this.size } })
  }

  private refuseHeader(at: number, id: number, tail: number): never {
    throw new TlvError('tlv/bad-frame', { details: { offset: at, id, tail } })
  }

  private clearGaps(at: number, gaps: Layout['gaps']): void {
    for (const { start, length } of gaps) this.buffer.fill(0, at + start, at + start + length)
  }

  private checkGaps(at: number, gaps: Layout['gaps']): void {
    for (const { start, length } of gaps) this.checkPadding(at + start, length)
  }

  private checkPadding(start: number, length: number): void {
    for (let i = start; i < start + length; i++) {
      if (this.buffer[i] !== 0) throw new TlvError('tlv/bad-padding', { details: { offset: i } })
    }
  }
}

function badNumber(): never {
  throw new TlvError('tlv/bad-number', { details: { max: Number.MAX_SAFE_INTEGER } })
}

/**
 * `buffer` must start at a multiple of 8 in its ArrayBuffer: a fresh Uint8Array does, a small Node Buffer may not
 * (`Uint8Array.from(it)` helps). Use fields of this layout only.
 * @throws TlvError `tlv/bad-layout` on an unaligned buffer or a big-endian host
 */
export function layoutCursor<F extends Readonly<Record<string, LayoutFieldKind>>>(
  layout: Layout<F>,
  buffer: Uint8Array,
): LayoutCursor {
  return new Cursor(layout as unknown as Layout, buffer)
}
