/** Blobs in a stream of their own, one message a blob; for many, an object store is cheaper. spec/relay-engines.md 4. */
import { type BlobStore, type BlobStoreOptions, RENEW_AFTER } from '../blob-store.js'
import type { JetStream } from './jetstream.js'
import type { Subjects } from './names.js'

const TIME_BYTES = 8

function encode(now: number, data: Uint8Array): Uint8Array {
  const value = Buffer.allocUnsafe(TIME_BYTES + data.length)
  value.writeBigUInt64LE(BigInt(now), 0)
  value.set(data, TIME_BYTES)
  return value
}

function storedAt(value: Uint8Array): number {
  return Number(Buffer.from(value.buffer, value.byteOffset, value.byteLength).readBigUInt64LE(0))
}

export function createBlobs(
  js: JetStream,
  { blobs: stream, blob: subjectOf }: Subjects,
  { lifeMs, now }: BlobStoreOptions,
): BlobStore {
  const find = async (hash: Uint8Array): Promise<Uint8Array | undefined> => {
    const value = (await js.last(stream, subjectOf(hash)))?.data
    return value === undefined || now() - storedAt(value) >= lifeMs ? undefined : value
  }
  return {
    put: async (hash, data) => {
      const held = await find(hash)
      if (held !== undefined && now() - storedAt(held) < lifeMs * RENEW_AFTER) return
      await js.publish(subjectOf(hash), encode(now(), data))
    },
    get: async (hash) => (await find(hash))?.subarray(TIME_BYTES),
    has: async (hash) => (await find(hash)) !== undefined,
    // The stream's own age limit does it.
    sweep: async () => {},
    counts: async () => {
      const { messages, bytes } = await js.info(stream)
      return { blobs: messages, bytes }
    },
    close: async () => {},
  }
}
