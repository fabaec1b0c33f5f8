/** An engine by its name. Those that need a client library are loaded when they are chosen. */
import { RelayError } from '../errors.js'
import { embeddedEngine } from './embedded.js'
import type { OpenEngine } from './engine.js'

export interface EngineChoice {
  readonly engine: 'embedded' | 'nats' | 'postgres'
  readonly natsUrl?: string
  readonly postgresUrl?: string
  readonly s3Endpoint?: string
  readonly s3Region?: string
  readonly s3Bucket?: string
  readonly s3AccessKey?: string
  readonly s3SecretKey?: string
}

/** @throws RelayError `relay/bad-setting` */
export async function chooseEngine({ engine }: EngineChoice): Promise<OpenEngine> {
  if (engine === 'embedded') return embeddedEngine
  throw new RelayError('relay/bad-setting', { details: { setting: 'engine', reason: `no engine ${engine}` } })
}
