/** Limits that more than one layer has to agree on. */

/** The only sizes of byte strings that leave a node. */
export const FRAME_SIZES: readonly [128, 512, 2048, 4096] = [128, 512, 2048, 4096]
export type FrameSize = (typeof FRAME_SIZES)[number]

/** Largest frame: nothing longer is ever read from a carrier. */
export const MAX_FRAME_BYTES = 4096

/** Text of one message, in characters (seed 5); at most four UTF-8 bytes each. */
export const MAX_TEXT_CHARACTERS = 10_000

/** One file: the media limit of seed 5. */
export const MAX_FILE_BYTES: number = 100 * 1024 * 1024

export function isFrameSize(length: number): length is FrameSize {
  return length === 128 || length === 512 || length === 2048 || length === 4096
}
