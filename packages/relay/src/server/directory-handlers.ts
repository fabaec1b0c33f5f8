/** Directory, stock and blobs. spec/relay.md section 4. */
import { verifyDirectoryRecord, verifyStockUpload } from '@hyphae/tlv'
import type { Handlers } from './handler.js'
import { failure, refused, verdict } from './session.js'

export const DIRECTORY_HANDLERS: Handlers<'publish' | 'lookup' | 'stock' | 'take' | 'remaining'> = {
  publish: ({ context: { engine, crypto } }, { request, record }) =>
    verifyDirectoryRecord(crypto, record)
      ? verdict(engine.publish(record), request)
      : failure(request, 'bad-signature'),
  lookup: ({ context: { engine } }, { request, address }) =>
    engine.lookup(address).then((records) => ({ kind: 'records', request, records })),
  stock: ({ context: { engine, crypto } }, { request, upload }) =>
    verifyStockUpload(crypto, upload)
      ? verdict(engine.stock(upload), request)
      : failure(request, 'bad-signature'),
  take: async ({ context: { engine } }, { request, writer, stock }) => {
    const taken = await engine.take(writer, stock)
    return 'refused' in taken ? refused(taken, request) : { kind: 'item', request, ...taken }
  },
  remaining: ({ context: { engine } }, { request, writer, stock }) =>
    engine.remaining(writer, stock).then((value) => ({ kind: 'count', request, value })),
}

const NOTHING = new Uint8Array(0)

function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

export const BLOB_HANDLERS: Handlers<'blob-put' | 'blob-get' | 'blob-has' | 'blob-range'> = {
  'blob-put': ({ context: { engine, crypto } }, { request, hash, data }) =>
    sameHash(crypto.sha256(data), hash)
      ? verdict(engine.putBlob(hash, data), request)
      : failure(request, 'bad-hash'),
  'blob-get': ({ context: { engine } }, { request, hash }) =>
    engine.getBlob(hash).then((data) => ({
      kind: 'blob',
      request,
      found: data !== undefined,
      data: data ?? NOTHING,
    })),
  'blob-has': ({ context: { engine } }, { request, hash }) =>
    engine.hasBlob(hash).then((value) => ({ kind: 'flag', request, value })),
  'blob-range': async ({ context: { engine } }, { request, hash, from, length }) => {
    const blob = await engine.getBlob(hash)
    const data = blob?.subarray(from, from + length) ?? NOTHING
    return { kind: 'blob-part', request, found: blob !== undefined, total: blob?.length ?? 0, data }
  },
}
