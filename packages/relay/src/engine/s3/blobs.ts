/**
 * Blobs in an object store, by any S3 API, beside an engine that keeps the rest. spec/relay-engines.md section 4.
 *
 * An object is named by the hash of what it holds, so two relays that put it at once write the same, and by the
 * period in which it was put, so that nobody puts what another relay is about to remove. When it was last put is what
 * the store says it is.
 */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { RelayError } from '../../errors.js'
import { type BlobStore, type BlobStoreOptions, type OpenBlobStore, RENEW_AFTER } from '../blob-store.js'

export interface S3Options {
  /** It exists, and the credentials allow to get, put, list and delete. */
  readonly bucket: string
  /** Begins the names of objects; default `hyphae/`. */
  readonly prefix?: string
  /** Region, endpoint, credentials and the like, as the client of S3 takes them. */
  readonly client?: S3ClientConfig
}

interface Context {
  readonly client: S3Client
  readonly bucket: string
  readonly prefix: string
  readonly options: BlobStoreOptions
}

/** A missing object: the status of the answer, as names of errors differ between stores. */
function isMissing(error: unknown): boolean {
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
  return status === 404
}

async function orMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (isMissing(error)) return undefined
    throw new RelayError('relay/store-unreachable', { cause: error })
  }
}

/** A period is as long as the life of a blob. */
function periodOf({ options }: Context): number {
  return Math.floor(options.now() / options.lifeMs)
}

/** Objects spread over 256 folders: stores limit the rate for each. */
function keyOf({ prefix }: Context, period: number, hash: Uint8Array): string {
  const name = Buffer.from(hash).toString('hex')
  return `${prefix}${period}/${name.slice(0, 2)}/${name}`
}

/** Where a blob that has not expired may lie: it was put in this period or in the one before. */
function keysOf(context: Context, hash: Uint8Array): string[] {
  const period = periodOf(context)
  return [keyOf(context, period, hash), keyOf(context, period - 1, hash)]
}

/** Nothing of the periods before the last one is alive, and nothing is put there any more. */
function isOver(context: Context, key: string): boolean {
  const period = Number(key.slice(context.prefix.length).split('/', 1)[0])
  return Number.isInteger(period) && period < periodOf(context) - 1
}

async function ageOf(context: Context, key: string): Promise<number> {
  const { client, bucket, options } = context
  const head = await orMissing(client.send(new HeadObjectCommand({ Bucket: bucket, Key: key })))
  const age = options.now() - (head?.LastModified?.getTime() ?? Number.NEGATIVE_INFINITY)
  return age < options.lifeMs ? age : Number.POSITIVE_INFINITY
}

async function put(context: Context, hash: Uint8Array, data: Uint8Array): Promise<void> {
  const { client, bucket, options } = context
  const [current = '', before = ''] = keysOf(context, hash)
  const fresh = options.lifeMs * RENEW_AFTER
  if ((await ageOf(context, current)) < fresh || (await ageOf(context, before)) < fresh) return
  await orMissing(client.send(new PutObjectCommand({ Bucket: bucket, Key: current, Body: data })))
}

async function getAt({ client, bucket, options }: Context, key: string): Promise<Uint8Array | undefined> {
  const found = await orMissing(client.send(new GetObjectCommand({ Bucket: bucket, Key: key })))
  const storedAt = found?.LastModified?.getTime() ?? 0
  const data = await found?.Body?.transformToByteArray()
  return options.now() - storedAt < options.lifeMs ? data : undefined
}

async function get(context: Context, hash: Uint8Array): Promise<Uint8Array | undefined> {
  for (const key of keysOf(context, hash)) {
    const data = await getAt(context, key)
    if (data !== undefined) return data
  }
  return undefined
}

async function has(context: Context, hash: Uint8Array): Promise<boolean> {
  for (const key of keysOf(context, hash)) if (Number.isFinite(await ageOf(context, key))) return true
  return false
}

interface Counted {
  readonly blobs: number
  readonly bytes: number
}

const PARALLEL_DELETES = 16

/** One by one: not every store deletes many in one request. */
async function removeAll({ client, bucket }: Context, keys: readonly string[]): Promise<void> {
  const work = keys.values()
  const remover = async (): Promise<void> => {
    // What stays is found again by the next sweep.
    for (const Key of work)
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key })).catch(() => {})
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL_DELETES, keys.length) }, remover))
}

/** Walks all objects, a thousand at a time, and counts those that stay. */
async function sweep(context: Context, signal: AbortSignal): Promise<Counted | undefined> {
  const { client, bucket, prefix } = context
  let token: string | undefined
  let blobs = 0
  let bytes = 0
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
    )
    const old: string[] = []
    for (const { Key = '', Size = 0 } of page.Contents ?? []) {
      if (isOver(context, Key)) old.push(Key)
      else {
        blobs += 1
        bytes += Size
      }
    }
    await removeAll(context, old)
    token = page.NextContinuationToken
  } while (token !== undefined && !signal.aborted)
  return token === undefined ? { blobs, bytes } : undefined
}

function storeOf(context: Context): BlobStore {
  let counted: Counted = { blobs: 0, bytes: 0 }
  return {
    put: (hash, data) => put(context, hash, data),
    get: (hash) => get(context, hash),
    has: (hash) => has(context, hash),
    sweep: async (signal) => {
      counted = (await sweep(context, signal)) ?? counted
    },
    // Counting means listing: what the last sweep found.
    counts: async () => counted,
    close: async () => context.client.destroy(),
  }
}

/**
 * Blobs for `natsEngine` or `postgresEngine` in an S3 bucket.
 * @throws RelayError `relay/store-unreachable` when the bucket is not there or may not be used
 */
export function s3Blobs({ bucket, prefix = 'hyphae/', client: config = {} }: S3Options): OpenBlobStore {
  return async (options) => {
    // The hash of a blob is checked by the relay: further checksums only keep out stores that do not know them.
    const checksums = {
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    } as const
    const client = new S3Client({ ...checksums, ...config })
    try {
      await client.send(new HeadBucketCommand({ Bucket: bucket }))
    } catch (cause) {
      client.destroy()
      const reason = cause instanceof Error ? cause.name : 'unknown'
      throw new RelayError('relay/store-unreachable', { details: { bucket, reason }, cause })
    }
    return storeOf({ client, bucket, prefix, options })
  }
}
