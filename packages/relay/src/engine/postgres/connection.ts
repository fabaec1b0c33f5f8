/**
 * Connections to the server: a pool, and changes that are tried again while it is away.
 *
 * Every change of this engine may be repeated: an outcome that was not heard of is found by asking again.
 */
import { systemClock } from '@hyphae/core'
import pg, { type Pool, type PoolConfig } from 'pg'
import { RelayError } from '../../errors.js'
import { CONNECT_MS, PATIENCE_MS, POOL_SIZE, RETRY_MS, STATEMENT_MS } from './limits.js'

export interface ConnectionOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string
  /** Where the tables are; letters, digits, `_`. */
  readonly schema: string
  /** TLS and the like, as the client of PostgreSQL takes them. */
  readonly connection: Omit<PoolConfig, 'connectionString'>
}

export function configOf({ url, schema, connection }: ConnectionOptions): PoolConfig {
  return {
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    keepAlive: true,
    ...connection,
    connectionString: url,
    // Nobody is answered before the commit is on disk, whatever the server's default is.
    options: `-c search_path=${schema} -c synchronous_commit=on -c client_min_messages=warning`,
  }
}

export function createPool(options: ConnectionOptions): Pool {
  const pool = new pg.Pool({ max: POOL_SIZE, ...configOf(options) })
  // A connection that broke while it was idle: the pool makes another.
  pool.on('error', () => {})
  return pool
}

const DEADLOCK = '40P01'
const SERIALIZATION = '40001'
/** Classes of errors: connection, resources, operator intervention (a server that starts or stops). */
const PASSING = ['08', '53', '57']

function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' ? code : ''
}

/** True for errors that go away by themselves; errors of a socket have codes of another length. */
function mayPass(error: unknown): boolean {
  const code = codeOf(error)
  if (code.length !== DEADLOCK.length) return true
  return code === DEADLOCK || code === SERIALIZATION || PASSING.includes(code.slice(0, 2))
}

/** @throws RelayError `relay/store-unreachable` */
export async function persist<T>(work: () => Promise<T>): Promise<T> {
  const begun = systemClock.now()
  for (;;) {
    try {
      return await work()
    } catch (cause) {
      if (!mayPass(cause) || systemClock.now() - begun > PATIENCE_MS)
        throw new RelayError('relay/store-unreachable', { details: { code: codeOf(cause) }, cause })
      await systemClock.sleep(RETRY_MS)
    }
  }
}
