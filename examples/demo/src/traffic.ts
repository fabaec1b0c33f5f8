// Reads back the relay's traffic log: what came over its wire, message by message.
import { readFile } from 'node:fs/promises'
import { decodeRequests } from '@hyphae/transport-relay/wire'

const ENTRY_HEADER_BYTES = 5
const RECEIVED = 0

export interface Traffic {
  /** Frames and blobs that were put, by their size in bytes. */
  readonly bySize: ReadonlyMap<number, number>
  /** Different mailboxes that were put to. */
  readonly boxes: number
  /** Different public statements and stocks, by their writers' keys. */
  readonly writers: number
}

/** Entry: direction u8, length u32 little-endian, the WebSocket message. A killed relay may leave half of the last one. */
export async function readTraffic(log: string): Promise<Traffic> {
  const bytes = await readFile(log)
  const bySize = new Map<number, number>()
  const boxes = new Set<string>()
  const writers = new Set<string>()
  const count = (data: Uint8Array): void => void bySize.set(data.length, (bySize.get(data.length) ?? 0) + 1)
  for (let at = 0; at + ENTRY_HEADER_BYTES <= bytes.length; ) {
    const end = at + ENTRY_HEADER_BYTES + bytes.readUInt32LE(at + 1)
    const message = new Uint8Array(bytes.subarray(at + ENTRY_HEADER_BYTES, end))
    for (const request of bytes[at] === RECEIVED && end <= bytes.length ? decodeRequests(message) : []) {
      if (request.kind === 'put') {
        count(request.frame)
        boxes.add(Buffer.from(request.box).toString('hex'))
      }
      if (request.kind === 'blob-put') count(request.data)
      if (request.kind === 'publish') writers.add(Buffer.from(request.record.writer).toString('hex'))
    }
    at = end
  }
  return { bySize, boxes: boxes.size, writers: writers.size }
}
