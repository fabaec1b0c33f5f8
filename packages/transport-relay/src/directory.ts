/** The Directory port over a relay. Records come back unverified, as the port says. */
import { type Directory, KEY_BYTES } from '@hyphae/core'
import { encodeDirectoryRecord, encodeStockUpload } from '@hyphae/tlv'
import { checkLength } from './check.js'
import type { Dialer } from './dialer.js'
import { RelayCarrierError } from './errors.js'
import { createRecordBuckets } from './record-buckets.js'
import { callWithTicket, type TicketsFor } from './tickets.js'

/** What cannot be encoded is refused here and not in the middle of a message. */
function checked(encode: () => unknown): void {
  try {
    encode()
  } catch (cause) {
    throw new RelayCarrierError('relay-carrier/bad-input', { cause })
  }
}

function checkStock(writer: Uint8Array, kind: number): void {
  checkLength(writer, KEY_BYTES, 'writer')
  if (!Number.isInteger(kind) || kind < 0 || kind > 0xff)
    throw new RelayCarrierError('relay-carrier/bad-input', { details: { kind } })
}

export function createDirectory(
  dialer: Dialer,
  { stock: ticketFor }: TicketsFor = {},
): Directory & Required<Pick<Directory, 'buckets'>> {
  return {
    buckets: createRecordBuckets(dialer),
    publish: async (record, { signal } = {}) => {
      checked(() => encodeDirectoryRecord(record))
      await dialer.call({ kind: 'publish', record }, 'ok', { repeatable: true, signal })
    },
    lookup: async (address, { signal } = {}) => {
      checkLength(address, KEY_BYTES, 'address')
      const ask = { kind: 'lookup', address } as const
      const { records } = await dialer.call(ask, 'records', { repeatable: true, signal })
      return records.map((record) => ({
        address: record.address.slice(),
        writer: record.writer.slice(),
        sequence: record.sequence,
        body: record.body.slice(),
        signature: record.signature.slice(),
      }))
    },
    stock: async (upload, { signal } = {}) => {
      checked(() => encodeStockUpload(upload))
      await callWithTicket(
        dialer,
        ticketFor?.(upload),
        { kind: 'stock', upload },
        (ticket) => ({ kind: 'stock-deposit', ticket, upload }),
        'ok',
        { repeatable: true, signal },
      )
    },
    take: async (writer, kind, { signal } = {}) => {
      checkStock(writer, kind)
      const ask = { kind: 'take', writer, stock: kind } as const
      const { found, item } = await dialer.call(ask, 'item', { repeatable: false, signal })
      return found === 'none' ? undefined : { item: item.slice(), lastResort: found === 'last-resort' }
    },
    remaining: async (writer, kind, { signal } = {}) => {
      checkStock(writer, kind)
      const ask = { kind: 'remaining', writer, stock: kind } as const
      return (await dialer.call(ask, 'count', { repeatable: true, signal })).value
    },
  }
}
