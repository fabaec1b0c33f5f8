/** An engine by its name. Those that need a client library are loaded when they are chosen. */
import { RelayError } from '../errors.js'
import type { OpenBlobStore } from './blob-store.js'
import { embeddedEngine } from './embedded.js'
import type { OpenEngine } from './engine.js'
import type { NatsOptions } from './nats/engine.js'

export interface EngineChoice {
  readonly engine: 'embedded' | 'nats' | 'postgres'
  readonly natsUrl?: string
  readonly natsReplicas?: 1 | 3 | 5
  readonly natsMaxBytes?: number
  readonly postgresUrl?: string
  readonly s3Endpoint?: string
  readonly s3Region?: string
  readonly s3Bucket?: string
  readonly s3AccessKey?: string
  readonly s3SecretKey?: string
}

const MISSING = 'ERR_MODULE_NOT_FOUND'

/** A part of this package that stands on a library of the operator's choice. */
export async function loadOptional<T>(setting: string, library: string, part: () => Promise<T>): Promise<T> {
  try {
    return await part()
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== MISSING) throw cause
    throw new RelayError('relay/bad-setting', {
      details: { setting, reason: `it needs ${library}: npm install ${library}` },
      cause,
    })
  }
}

async function blobsOf(choice: EngineChoice): Promise<{ readonly blobs?: OpenBlobStore }> {
  const { s3Endpoint: endpoint, s3Region: region = 'us-east-1', s3Bucket: bucket } = choice
  if (bucket === undefined) return {}
  const { s3AccessKey: accessKeyId, s3SecretKey: secretAccessKey } = choice
  const credentials =
    accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }
  // Stores other than the first one name the bucket in the path.
  const where = endpoint === undefined ? {} : { endpoint, forcePathStyle: true }
  const { s3Blobs } = await loadOptional('s3Bucket', '@aws-sdk/client-s3', () => import('./s3/blobs.js'))
  return { blobs: s3Blobs({ bucket, client: { region, ...where, ...credentials } }) }
}

/** `nats://user:password@host:port` of one server: the client learns of the others from it. `tls:` is encrypted. */
function serversOf(url: string): Pick<NatsOptions, 'servers' | 'connection'> {
  const { username, password, protocol, host } = new URL(url)
  const credentials =
    username === '' ? {} : { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
  return {
    servers: [host],
    connection: { ...credentials, ...(protocol === 'tls:' ? { tls: {} } : {}) },
  }
}

/** @throws RelayError `relay/bad-setting` */
export async function chooseEngine(choice: EngineChoice): Promise<OpenEngine> {
  if (choice.engine === 'embedded') return embeddedEngine
  const blobs = await blobsOf(choice)
  if (choice.engine === 'nats' && choice.natsUrl !== undefined) {
    const { natsEngine } = await loadOptional(
      'engine',
      '@nats-io/transport-node',
      () => import('./nats/engine.js'),
    )
    const { natsReplicas: replicas, natsMaxBytes: maxBytes } = choice
    const copies = replicas === undefined ? {} : { replicas }
    const room = maxBytes === undefined ? {} : { maxBytes }
    return natsEngine({ ...serversOf(choice.natsUrl), ...copies, ...room, ...blobs })
  }
  if (choice.engine === 'postgres' && choice.postgresUrl !== undefined) {
    const { postgresEngine } = await loadOptional('engine', 'pg', () => import('./postgres/engine.js'))
    return postgresEngine({ url: choice.postgresUrl, ...blobs })
  }
  throw new RelayError('relay/bad-setting', { details: { setting: 'engine', reason: 'its URL is missing' } })
}
