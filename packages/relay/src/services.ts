/** What a relay offers beside its boxes, where its operator wants: payment, hops, push. One store for their state. */
import type { Clock, Logger } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import type { RelayEngine } from './engine/engine.js'
import { RelayError } from './errors.js'
import { type HopsOptions, type HopsService, openHops } from './hops/service.js'
import type { RelayLimits } from './limits.js'
import { openPayment, type PaymentOptions, type PaymentService } from './payment/service.js'
import { openPush, type PushOptions, type PushService } from './push/service.js'
import type { WatchRegistry } from './server/watch.js'
import { storeName } from './services/kept.js'
import { sealedRows } from './services/seal.js'
import { sharedStore } from './services/store.js'

export interface ServiceOptions {
  readonly payment?: PaymentOptions
  readonly hops?: HopsOptions
  readonly push?: PushOptions
  /**
   * 32 random bytes, the same at all relays of a store: what services keep there, keys above all, is sealed under it.
   * Set before the first start and never changed. Without it whoever reads the store reads the keys.
   */
  readonly serviceKey?: Uint8Array
}

export interface Services {
  readonly payment: PaymentService | undefined
  readonly hops: HopsService | undefined
  readonly push: PushService | undefined
  /** Names the engine's store, which is given a name when somebody asks for it; empty where it keeps no rows. */
  store(): Promise<Uint8Array>
  sweep(): Promise<void>
  close(): Promise<void>
}

export interface ServicesBase {
  readonly engine: RelayEngine
  readonly watches: WatchRegistry
  readonly crypto: CryptoProvider
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: RelayLimits
}

const ROOT = 's'

const NO_NAME = new Uint8Array(0)

/** A relay whose store has no name, or takes none now, gives out positions that nobody keeps. */
function naming({ engine: { rows }, crypto }: ServicesBase): Services['store'] {
  let named: Promise<Uint8Array> | undefined
  return async () => {
    if (rows === undefined) return NO_NAME
    named ??= storeName(rows, crypto)
    return named.catch(() => {
      named = undefined
      return NO_NAME
    })
  }
}

type Opened = Pick<Services, 'payment' | 'hops' | 'push'>

async function openAll(options: ServiceOptions, base: ServicesBase): Promise<Opened> {
  const { payment, hops, push, serviceKey } = options
  if (payment === undefined && hops === undefined && push === undefined)
    return { payment: undefined, hops: undefined, push: undefined }
  const { engine, crypto, clock, logger } = base
  if (engine.rows === undefined)
    throw new RelayError('relay/bad-setting', {
      details: { setting: 'engine', reason: 'it keeps no rows, which payment, hops and push need' },
    })
  // The embedded store lies in a folder that is its owner's alone; others are read by whoever runs them.
  if (serviceKey === undefined && engine.rows.shared)
    logger.warn('no service key: keys of services lie open in the store')
  const rows = await sealedRows(engine.rows, crypto, serviceKey)
  const whole = { ...base, rows, store: sharedStore({ rows, crypto, clock, root: ROOT }) }
  return {
    payment: payment === undefined ? undefined : await openPayment(payment, whole),
    hops: hops === undefined ? undefined : await openHops(hops, whole),
    push: push === undefined ? undefined : await openPush(push, whole),
  }
}

/** @throws RelayError `relay/bad-setting`, `relay/store-unreachable`; RelayCarrierError `relay-carrier/bad-url` */
export async function openServices(options: ServiceOptions, base: ServicesBase): Promise<Services> {
  const opened = await openAll(options, base)
  return {
    ...opened,
    store: naming(base),
    sweep: async () => {
      await Promise.all([opened.payment?.sweep(), opened.hops?.sweep()])
    },
    close: async () => {
      await Promise.all([opened.hops?.close(), opened.push?.close()])
    },
  }
}
