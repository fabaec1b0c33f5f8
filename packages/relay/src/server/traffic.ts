/** Appends every WebSocket message to a file, for searching what a relay saw. Not for production. */
import { closeSync, openSync, writeSync } from 'node:fs'

/** Entry: direction u8 (0 received, 1 sent), length u32 little-endian, the message. */
export interface TrafficLog {
  received(message: Uint8Array): void
  sent(message: Uint8Array): void
  close(): void
}

const HEADER_BYTES = 5

/** Synchronous writes, so that the file is complete even when the process is killed. */
export function openTrafficLog(path: string): TrafficLog {
  const file = openSync(path, 'a', 0o600)
  const append = (direction: number, message: Uint8Array): void => {
    const entry = Buffer.allocUnsafe(HEADER_BYTES + message.length)
    entry[0] = direction
    entry.writeUInt32LE(message.length, 1)
    entry.set(message, HEADER_BYTES)
    writeSync(file, entry)
  }
  return {
    received: (message) => append(0, message),
    sent: (message) => append(1, message),
    close: () => closeSync(file),
  }
}
