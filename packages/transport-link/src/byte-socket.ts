/** A stream of bytes to one other place: what every kind of link brings, and all that a channel knows of it. */

export interface ByteSocket {
  /** Below 10 kbps: every time limit is SLOW_FACTOR times as long. */
  readonly slow?: boolean
  /** Whoever writes leaves the bytes alone from then on. False when enough is waiting already: `drained` tells when to go on. */
  write(bytes: Uint8Array): boolean
  /** Resolves when there is room again, or the socket is gone. */
  drained(): Promise<void>
  pause(): void
  resume(): void
  /** Nothing is received after it; closing twice is harmless. */
  close(): void
}

export interface ByteEvents {
  /** The bytes are the socket's again when this returns: what is kept is copied. */
  received(bytes: Uint8Array): void
  /** Once, whoever ended it. */
  closed(): void
}
