/** Directory, stock and blobs. spec/relay.md section 4. */

import type { StockUpload } from '@hyphae/core'
import { verifyDirectoryRecord, verifyStockUpload } from '@hyphae/tlv'
import { blobSubject, DEFAULT_TTL, type Reply, stockSubject } from '@hyphae/transport-relay/wire'
import type { Handlers } from './handler.js'
import { admitted, failure, refused, type Session, verdict } from './session.js'

function store(
  { context: { engine, crypto } }: Session,
  request: number,
  upload: StockUpload,
): Reply | Promise<Reply> {
  return verifyStockUpload(crypto, upload)
    ? verdict(engine.stock(upload), request)
    : failure(request, 'bad-signature')
}

type DirectoryKind = 'publish' | 'lookup' | 'stock' | 'stock-deposit' | 'take' | 'remaining'

export const DIRECTORY_HANDLERS: Handlers<DirectoryKind> = {
  publish: ({ context: { engine, crypto } }, { request, record }) =>
    verifyDirectoryRecord(crypto, record)
      ? verdict(engine.publish(record), request)
      : failure(request, 'bad-signature'),
  lookup: ({ context: { engine } }, { request, address }) =>
    engine.lookup(address).then((records) => ({ kind: 'records', request, records })),
  stock: (session, { request, upload }) =>
    admitted(session.context.writing.admitPlain('stocks'), request, () => store(session, request, upload)),
  'stock-deposit': (session, { request, ticket, upload }) => {
    const { writing, crypto } = session.context
    // What is not signed is not paid for.
    if (!verifyStockUpload(crypto, upload)) return failure(request, 'bad-signature')
    const subject = stockSubject(upload, crypto.sha256)
    const verdict = writing.admit('stocks', { subject, ttl: DEFAULT_TTL, ticket })
    return admitted(verdict, request, () => store(session, request, upload))
  },
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

type BlobKind = 'blob-put' | 'blob-deposit' | 'blob-get' | 'blob-has' | 'blob-range'

export const BLOB_HANDLERS: Handlers<BlobKind> = {
  'blob-put': ({ context: { engine, crypto, writing } }, { request, hash, data }) => {
    if (!sameHash(crypto.sha256(data), hash)) return failure(request, 'bad-hash')
    return admitted(writing.admitPlain('blobs'), request, () => verdict(engine.putBlob(hash, data), request))
  },
  'blob-deposit': ({ context: { engine, crypto, writing } }, { request, ticket, hash, data }) => {
    if (!sameHash(crypto.sha256(data), hash)) return failure(request, 'bad-hash')
    const may = writing.admit('blobs', { subject: blobSubject(hash, data), ttl: DEFAULT_TTL, ticket })
    return admitted(may, request, () => verdict(engine.putBlob(hash, data), request))
  },
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
