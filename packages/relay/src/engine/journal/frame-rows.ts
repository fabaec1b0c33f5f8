/** Where the rows of frames begin in a segment, by position: positions of one segment lie close together. */

/** Positions that one table spans at most; the rows of others are kept by name. A segment of small frames holds 64 Ki. */
const MAX_SPAN = 1 << 20
const FIRST_SPAN = 4096

export interface FrameRows {
  /** Position of the first entry. */
  first: number
  /** 0: no row. */
  rows: Int32Array
  /** Behind the last position that was set. */
  end: number
}

export function createFrameRows(): FrameRows {
  return { first: 0, rows: new Int32Array(0), end: 0 }
}

function grow(frames: FrameRows, needed: number): void {
  const larger = new Int32Array(Math.max(needed, 2 * frames.rows.length, FIRST_SPAN))
  larger.set(frames.rows)
  frames.rows = larger
}

/** False when the position lies too far from the others. */
export function setFrameRow(frames: FrameRows, seq: number, row: number): boolean {
  if (frames.rows.length === 0) frames.first = seq
  const at = seq - frames.first
  if (at < 0 || at >= MAX_SPAN) return false
  if (at >= frames.rows.length) grow(frames, at + 1)
  frames.rows[at] = row
  if (at >= frames.end) frames.end = at + 1
  return true
}

/** 0: none. */
export function frameRow({ first, rows, end }: FrameRows, seq: number): number {
  const at = seq - first
  return at >= 0 && at < end ? (rows[at] as number) : 0
}

export function clearFrameRow({ first, rows }: FrameRows, seq: number): void {
  rows[seq - first] = 0
}
