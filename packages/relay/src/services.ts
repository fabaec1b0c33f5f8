/** What a relay offers beside its boxes, where its operator wants: payment, hops, push. One store for their state. */
import { join } from 'node:path'
import type { Clock, Logger, Store } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { levelStore } from '@hyphae/store/level'
import type { RelayEngine } from './engine/engine.js'
import { RelayError } from './errors.js'
import { type HopsOptions, type HopsService, openHops } from './hops/service.js'
import { openPayment, type PaymentOptions, type PaymentService } from './payment/service.js'
import { openPush, type PushOptions, type PushService } from './push/service.js'
import type { WatchRegistry } from './server/watch.js'

export interface ServiceOptions {
  readonly payment?: PaymentOptions
  readonly hops?: HopsOptions
  readonly push?: PushOptions
  /** Where they keep keys, channels and registrations; default a folder in `data`. Whoever opens it, closes it. */
  readonly serviceStore?: Store
}

export interface Services {
  readonly payment: PaymentService | undefined
  readonly hops: HopsService | undefined
  readonly push: PushService | undefined
  sweep(): Promise<void>
  close(): Promise<void>
}

export interface ServicesBase {
  readonly data: string
  readonly engine: RelayEngine
  readonly watches: WatchRegistry
  readonly crypto: CryptoProvider
  readonly clock: Clock
  readonly logger: Logger
}

/** A relay that offers none. */
export const NO_SERVICES: Services = {
  payment: undefined,
  hops: undefined,
  push: undefined,
  sweep: async () => {},
  close: async () => {},
}

const FOLDER = 'services'

async function openStore(options: ServiceOptions, data: string): Promise<Store> {
  if (options.serviceStore !== undefined) return options.serviceStore
  try {
    // The keys in it are the relay's own; they are as safe as its folder, which is the owner's alone.
    return await levelStore(join(data, FOLDER), { unsafePlaintext: true })
  } catch (cause) {
    throw new RelayError('relay/data-unusable', { cause })
  }
}

type Opened = Omit<Services, 'sweep' | 'close'>

async function openAll(options: ServiceOptions, base: ServicesBase, store: Store): Promise<Opened> {
  const whole = { ...base, store }
  return {
    payment: options.payment === undefined ? undefined : await openPayment(options.payment, whole),
    hops: options.hops === undefined ? undefined : await openHops(options.hops, whole),
    push: options.push === undefined ? undefined : await openPush(options.push, whole),
  }
}

/** @throws RelayError `relay/data-unusable`, `relay/bad-setting`; RelayCarrierError `relay-carrier/bad-url` */
export async function openServices(options: ServiceOptions, base: ServicesBase): Promise<Services> {
  const { payment, hops, push } = options
  if (payment === undefined && hops === undefined && push === undefined) return NO_SERVICES
  const store = await openStore(options, base.data)
  const closeStore = async (): Promise<void> => {
    if (options.serviceStore === undefined) await store.close()
  }
  try {
    const opened = await openAll(options, base, store)
    return {
      ...opened,
      sweep: async () => {
        await Promise.all([opened.payment?.sweep(), opened.hops?.sweep(), opened.push?.sweep()])
      },
      close: async () => {
        await Promise.all([opened.hops?.close(), opened.push?.close()])
        await closeStore()
      },
    }
  } catch (error) {
    await closeStore()
    throw error
  }
}
