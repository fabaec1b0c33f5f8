/**
 * Remembers frames that were seen, up to a number of bytes; the oldest are forgotten first.
 *
 * Frames are compared whole. A shorter fingerprint would let a carrier that has seen a frame send another with
 * the same fingerprint first, and so have the true one taken for its copy.
 */

export interface FrameMemory<T> {
  get(frame: Uint8Array): T | undefined
  set(frame: Uint8Array, value: T): void
}

const CHUNK = 1024

export function frameMemory<T>(maxBytes: number): FrameMemory<T> {
  const seen = new Map<string, T>()
  let bytes = 0
  return {
    get: (frame) => seen.get(frameText(frame)),
    set: (frame, value) => {
      const text = frameText(frame)
      if (!seen.has(text)) bytes += text.length
      seen.set(text, value)
      for (const oldest of seen.keys()) {
        if (bytes <= maxBytes || seen.size === 1) return
        seen.delete(oldest)
        bytes -= oldest.length
      }
    },
  }
}

/** One character a byte, which engines keep as one byte. */
function frameText(frame: Uint8Array): string {
  let text = ''
  for (let offset = 0; offset < frame.length; offset += CHUNK)
    text += String.fromCharCode(...frame.subarray(offset, offset + CHUNK))
  return text
}
