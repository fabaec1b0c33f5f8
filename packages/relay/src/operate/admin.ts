/** Two small servers for the operator: probes and metrics on a port, upkeep on a socket in the data folder. */
import { once } from 'node:events'
import { chmod, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Logger } from '@hyphae/core'
import type { Ledger } from '@hyphae/payment'
import { RelayError } from '../errors.js'
import { ADMIN_DEADLINE_MS, MAX_HTTP_HEADER_BYTES, MAX_SOCKET_PATH_BYTES } from '../limits.js'
import type { Relay } from '../relay.js'
import { answerProbe } from '../server/front.js'
import { listen } from '../server/http.js'
import { backupOf } from './backup.js'
import type { Metrics } from './metrics.js'

const SOCKET_MODE = 0o600

export interface Stoppable {
  close(): Promise<void>
}

function serverOf(answer: (request: IncomingMessage, response: ServerResponse) => void): Server {
  return createServer(
    {
      maxHeaderSize: MAX_HTTP_HEADER_BYTES,
      headersTimeout: ADMIN_DEADLINE_MS,
      requestTimeout: ADMIN_DEADLINE_MS,
    },
    (request, response) => {
      // Nothing here takes a body.
      request.resume()
      answer(request, response)
    },
  )
}

function stoppable(server: Server): Stoppable {
  return {
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function send(response: ServerResponse, status: number, body: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

/** Answers `/metrics`, `/health` and `/ready`. @throws RelayError `relay/cannot-listen` */
export async function startAdmin(
  at: { readonly host: string; readonly port: number },
  relay: Pick<Relay, 'ready'>,
  metrics: Metrics,
): Promise<Stoppable & { readonly port: number }> {
  const server = serverOf((request, response) => {
    if (answerProbe(request, response, relay)) return
    if (request.method !== 'GET' || request.url !== '/metrics') return send(response, 404, 'not here\n')
    metrics.text().then(
      (text) => send(response, 200, text, metrics.contentType),
      () => send(response, 503, 'the store does not answer\n'),
    )
  })
  return { port: await listen(server, at.port, at.host), ...stoppable(server) }
}

/** Only who may enter the data folder can reach it. */
function socketPath(data: string): string | undefined {
  const path = join(data, 'control')
  return process.platform === 'win32' || Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES ? undefined : path
}

/** `/credit/KEY/AMOUNT`, `/balance/KEY`: the key of an account in hexadecimal. */
const ACCOUNT = /^\/(credit|balance)\/([0-9a-f]{64})(?:\/(\d{1,20}))?$/

/** Credits and balances of the ledger; undefined: something else was asked. */
function askedOfLedger(
  ledger: Ledger,
  { method, url = '' }: IncomingMessage,
): (() => Promise<string>) | undefined {
  const [, what, hex = '', amount] = ACCOUNT.exec(url) ?? []
  const account = new Uint8Array(Buffer.from(hex, 'hex'))
  const balance = async (): Promise<string> => `${await ledger.balance(account)}\n`
  if (method === 'GET' && what === 'balance' && amount === undefined) return balance
  if (method !== 'POST' || what !== 'credit' || amount === undefined) return undefined
  return () => ledger.credit(account, BigInt(amount)).then(balance)
}

function answerControl({ upkeep, payment }: Controlled, logger: Logger) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const work = payment?.ledger === undefined ? undefined : askedOfLedger(payment.ledger, request)
    // The account is nobody's business but the ledger's.
    const asked = work === undefined ? `${request.method} ${request.url}` : 'ledger'
    const failed = (): void => {
      logger.error('upkeep failed', { asked })
      // A stream that was cut is no backup: its last block is missing.
      if (response.headersSent) response.destroy()
      else send(response, 500, 'failed\n')
    }
    logger.info('upkeep', { asked })
    if (work !== undefined) work().then((text) => send(response, 200, text), failed)
    else if (upkeep === undefined) send(response, 404, 'not here\n')
    else if (asked === 'GET /backup') pipeline(backupOf(upkeep), response).catch(failed)
    else if (asked === 'POST /compact') upkeep.compact().then(() => send(response, 200, 'done\n'), failed)
    else send(response, 404, 'not here\n')
  }
}

/** What the operator reaches of a relay that runs. */
export type Controlled = Pick<Relay, 'upkeep' | 'payment'>

/** Lets `backup`, `compact`, `credit` and `balance` reach the running relay. Undefined where there is nothing to reach or no way to. */
export async function startControl(
  data: string,
  relay: Controlled,
  logger: Logger,
): Promise<Stoppable | undefined> {
  const path = socketPath(data)
  if (relay.upkeep === undefined && relay.payment?.ledger === undefined) return undefined
  if (path === undefined) {
    logger.warn('no control socket: the path of the data folder is too long')
    return undefined
  }
  // Left by a relay that was killed: the store's lock says that none runs here but this one.
  await rm(path, { force: true })
  const server = serverOf(answerControl(relay, logger))
  server.listen(path)
  await once(server, 'listening')
  // The folder keeps others out already, unless it was made by somebody less careful.
  await chmod(path, SOCKET_MODE)
  return stoppable(server)
}

const NOT_HERE = 404

/**
 * Asks the relay that runs on this folder; undefined when none does, or it has nothing of the kind.
 * @throws RelayError `relay/backup-io`
 */
export async function askRunning(
  data: string,
  method: 'GET' | 'POST',
  what: string,
): Promise<IncomingMessage | undefined> {
  const path = socketPath(data)
  if (path === undefined) return undefined
  const asked = request({ socketPath: path, path: `/${what}`, method })
  asked.end()
  try {
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    if (response.statusCode === NOT_HERE) return undefined
    if (response.statusCode !== 200)
      throw new RelayError('relay/backup-io', { details: { reason: `status ${response.statusCode}` } })
    return response
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined
    throw error
  }
}
