// The message that every codec carries: two keys, two whole numbers beyond 32 bits, a payload.

export interface Message {
  readonly sender: Uint8Array
  readonly recipient: Uint8Array
  readonly sentAt: number
  readonly sequence: number
  readonly payload: Uint8Array
}

/** A power of two: batches cycle through the messages, so that no codec meets the same bytes each time. */
export const MESSAGES = 64

function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17 + 5) & 0xff)
}

export function messages(payloadLength: number): Message[] {
  return Array.from({ length: MESSAGES }, (_, i) => ({
    sender: pattern(32, i),
    recipient: pattern(32, i + 100),
    sentAt: 1_760_000_000_000 + i * 977,
    sequence: 2 ** 33 + i,
    payload: pattern(payloadLength, i + 200),
  }))
}
