/**
 * Packets of a stream over datagrams (spec/link.md, "Datagrams"). Numbers are little-endian.
 *
 *     hello  1 | id u32                       ask for a cookie
 *     cookie 2 | id u32 | cookie 8            given without keeping anything
 *     open   3 | id u32 | cookie 8            the address is the sender's own
 *     data   4 | id u32 | next u32 | seen u32 | room u16 | seq u32 | bytes, at least one
 *     ack    5 | id u32 | next u32 | seen u32 | room u16
 *     close  6 | id u32
 *
 * `next` is the first segment that has not come; bit i of `seen` says that segment next + 1 + i has. Knows no time.
 */
export const COOKIE_BYTES = 8
const ID_BYTES = 5
const COOKIE_PACKET_BYTES: number = ID_BYTES + COOKIE_BYTES
const ACK_BYTES: number = ID_BYTES + 10
/** What a data packet takes besides its bytes. */
export const DATA_HEADER_BYTES: number = ACK_BYTES + 4

const KINDS = { hello: 1, cookie: 2, open: 3, data: 4, ack: 5, close: 6 } as const

/** What came, and how much more may be sent. */
export interface Report {
  readonly next: number
  readonly seen: number
  /** Segments that the other side has room for, counted from `next`. */
  readonly room: number
}

export type Packet =
  | { readonly kind: 'hello' | 'close'; readonly id: number }
  | { readonly kind: 'cookie' | 'open'; readonly id: number; readonly cookie: Uint8Array }
  | { readonly kind: 'ack'; readonly id: number; readonly report: Report }
  | {
      readonly kind: 'data'
      readonly id: number
      readonly report: Report
      readonly seq: number
      /** A view into the datagram. */
      readonly bytes: Uint8Array
    }

const LENGTHS = {
  hello: ID_BYTES,
  cookie: COOKIE_PACKET_BYTES,
  open: COOKIE_PACKET_BYTES,
  ack: ACK_BYTES,
  close: ID_BYTES,
} as const

export function encodePacket(packet: Packet): Uint8Array {
  const length = packet.kind === 'data' ? DATA_HEADER_BYTES + packet.bytes.length : LENGTHS[packet.kind]
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  bytes[0] = KINDS[packet.kind]
  view.setUint32(1, packet.id, true)
  if (packet.kind === 'cookie' || packet.kind === 'open') bytes.set(packet.cookie, ID_BYTES)
  if (packet.kind === 'data' || packet.kind === 'ack') {
    view.setUint32(5, packet.report.next, true)
    view.setUint32(9, packet.report.seen, true)
    view.setUint16(13, packet.report.room, true)
  }
  if (packet.kind === 'data') {
    view.setUint32(15, packet.seq, true)
    bytes.set(packet.bytes, DATA_HEADER_BYTES)
  }
  return bytes
}

const NAMES = ['', 'hello', 'cookie', 'open', 'data', 'ack', 'close'] as const

/** Null for what is no packet: a datagram may come from anybody, so it is dropped and nothing ends. */
export function decodePacket(datagram: Uint8Array): Packet | null {
  const kind = NAMES[datagram[0] ?? 0]
  if (kind === undefined || kind === '' || datagram.length < ID_BYTES) return null
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length)
  const id = view.getUint32(1, true)
  if (kind === 'data') {
    if (datagram.length <= DATA_HEADER_BYTES) return null
    const bytes = datagram.subarray(DATA_HEADER_BYTES)
    return { kind, id, report: reportOf(view), seq: view.getUint32(15, true), bytes }
  }
  if (datagram.length !== LENGTHS[kind]) return null
  if (kind === 'ack') return { kind, id, report: reportOf(view) }
  if (kind === 'cookie' || kind === 'open') return { kind, id, cookie: datagram.slice(ID_BYTES) }
  return { kind, id }
}

function reportOf(view: DataView): Report {
  return { next: view.getUint32(5, true), seen: view.getUint32(9, true), room: view.getUint16(13, true) }
}
