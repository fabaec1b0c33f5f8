/** What all connections and requests of one relay share, opened and closed together. */
import { mkdir } from 'node:fs/promises'
import { silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { embeddedEngine } from './engine/embedded.js'
import type { RelayEngine } from './engine/engine.js'
import { boxName } from './engine/keys.js'
import { codeOf, RelayError } from './errors.js'
import { DEFAULT_LIMITS } from './limits.js'
import type { RelayOptions } from './options.js'
import { createRest, type Rest } from './rest/app.js'
import { createClients, trustedProxies } from './rest/clients.js'
import { createAdmission } from './server/admission.js'
import { createAnonymity } from './server/anonymity.js'
import type { ServerContext } from './server/connection.js'
import { createExchange } from './server/exchange.js'
import type { Names } from './server/names.js'
import { createRecordCrowd } from './server/record-crowd.js'
import { ownChecks } from './server/tickets.js'
import { openTrafficLog } from './server/traffic.js'
import { createWatchRegistry } from './server/watch.js'
import { createWriteAdmission } from './server/writing.js'
import { openServices } from './services.js'

/** The same engine; hears of each frame that this relay has stored. */
function tellingOfPuts(engine: RelayEngine, stored: (box: string) => void): RelayEngine {
  return {
    ...engine,
    put: async (box, id, frame, options) => {
      const verdict = await engine.put(box, id, frame, options)
      if (verdict === null) stored(boxName(box))
      return verdict
    },
  }
}

/** @throws RelayError as `startRelay` */
export async function openContext(options: RelayOptions): Promise<ServerContext> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const { data, clock = systemClock, logger = silentLogger, crypto = defaultCrypto } = options
  await mkdir(data, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new RelayError('relay/data-unusable', { details: { path: data, reason: codeOf(cause) }, cause })
  })
  const engine = await (options.engine ?? embeddedEngine)({ data, limits, clock, logger })
  const watches = createWatchRegistry(engine)
  const base = { engine, watches, crypto, clock, logger, limits }
  const services = await openServices(options, base).catch(async (error: unknown) => {
    await engine.close()
    throw error
  })
  const checks = { ...ownChecks({ crypto, limits, clock }), ...services.payment?.checks }
  const traffic = options.trafficLog === undefined ? undefined : openTrafficLog(options.trafficLog)
  return {
    engine: services.push?.stored === undefined ? engine : tellingOfPuts(engine, services.push.stored),
    watches,
    services,
    exchange: createExchange(engine, limits.listeners),
    admission: createAdmission({
      engine,
      checks,
      accepts: options.accepts,
    }),
    writing: createWriteAdmission({
      engine,
      crypto,
      checks,
      ...(options.writes !== undefined && { writes: options.writes }),
      ...(options.writeKey !== undefined && { writeKey: options.writeKey }),
    }),
    anonymity: createAnonymity(engine, limits, clock),
    crowd: createRecordCrowd(engine, limits, { clock, crypto }),
    crypto,
    limits,
    clock,
    logger,
    traffic,
    waiting: new Set(),
  }
}

export async function closeContext({ engine, services, traffic }: ServerContext): Promise<void> {
  await services.close()
  await engine.close()
  traffic?.close()
}

/** Undefined where it is switched off. @throws RelayError `relay/bad-setting` */
export function openRest(options: RelayOptions, context: ServerContext, names: Names): Rest | undefined {
  if (options.rest === false) return undefined
  const trusted = trustedProxies(options.trustedProxies ?? [])
  if (trusted === undefined)
    throw new RelayError('relay/bad-setting', {
      details: { setting: 'trustedProxies', reason: 'expected IP addresses or networks such as 10.0.0.0/8' },
    })
  const clients = createClients(trusted, context.limits, context.clock)
  const { observeRequest: answered } = options
  return createRest({ context, names, clients, ...(answered !== undefined && { answered }) })
}
