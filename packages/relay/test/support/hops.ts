/** An entry and a second relay on loopback, with what each saw, and carriers that go through both. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, silentLogger, systemClock } from '@hyphae/core'
import { type Relay, type RelayOptions, startRelay } from '@hyphae/relay'
import { type RelayCarrier, type RelayCarrierOptions, relay } from '@hyphae/transport-relay'
import { hopKey, openCalls, throughRelay } from '@hyphae/transport-relay/hops'
import { temporaryFolder } from './relay.js'

export interface TwoRelays {
  readonly entry: Relay
  readonly second: Relay
  /** The second relay's current public key. */
  readonly key: Uint8Array
  connect(
    options?: RelayCarrierOptions & { readonly key?: Uint8Array; readonly clock?: Clock },
  ): Promise<RelayCarrier>
  /** A direct carrier to the second relay. */
  direct(): Promise<RelayCarrier>
  /** Every WebSocket message that a relay received or sent. */
  saw(which: 'entry' | 'second'): Promise<Buffer>
  dispose(): Promise<void>
}

/** The key as the relay itself tells it. */
export async function hopKeyAt(url: string): Promise<Uint8Array> {
  const calls = openCalls(url, { clock: systemClock, logger: silentLogger })
  const key = await hopKey(calls)
  await calls.close()
  return key
}

/** Often enough for tests. */
const POLL_MS = 20

export async function startTwoRelays(
  secondOptions: Partial<RelayOptions> = {},
  entryOptions: Partial<RelayOptions> = {},
): Promise<TwoRelays> {
  const folder = await temporaryFolder()
  const log = (name: string): string => join(folder.path, `${name}.log`)
  const start = (name: string, options: Partial<RelayOptions>): Promise<Relay> =>
    startRelay({ data: join(folder.path, name), trafficLog: log(name), ...options })
  const second = await start('second', { hops: {}, ...secondOptions })
  const entry = await start('entry', { hops: { peers: [second.url], second: false }, ...entryOptions })
  const key = await hopKeyAt(second.url)
  const carriers: RelayCarrier[] = []
  const keep = async (carrier: Promise<RelayCarrier>): Promise<RelayCarrier> => {
    carriers.push(await carrier)
    return carrier
  }
  return {
    entry,
    second,
    key,
    connect: ({ key: other, clock = systemClock, ...options } = {}) => {
      const via = throughRelay(entry.url, { key: other ?? key, pollMs: POLL_MS })
      return keep(relay(second.url, { ...options, via })({ clock, logger: silentLogger }))
    },
    direct: () => keep(relay(second.url)({ clock: systemClock, logger: silentLogger })),
    saw: (which) => readFile(log(which)),
    dispose: async () => {
      await Promise.all(carriers.map((carrier) => carrier.close()))
      await entry.close()
      await second.close()
      await folder.remove()
    },
  }
}
