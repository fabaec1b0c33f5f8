/** Byte strings in JSON and URLs: base64url without padding (RFC 4648 section 5), in its one canonical form. */

export function toBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

/** Undefined for anything that `toBase64url` would not have written. */
export function fromBase64url(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? new Uint8Array(bytes) : undefined
}

/** Characters of so many bytes. */
export function base64urlLength(bytes: number): number {
  return Math.ceil((bytes * 8) / 6)
}
