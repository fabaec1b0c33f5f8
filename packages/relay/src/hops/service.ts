/**
 * Both sides of two hops: an entry passes sealed requests on to relays that its operator lists, and nowhere else; a
 * second relay opens what is sealed to it. spec/relay-hops.md.
 */
import type { Clock, Logger, Store } from '@hyphae/core'
import type { CryptoProvider, X25519PrivateKey } from '@hyphae/crypto'
import { openCalls, type RelayCalls } from '@hyphae/transport-relay/hops'
import type { ServiceRows } from '../engine/rows.js'
import { RelayError } from '../errors.js'
import { FORWARD_TIMEOUT_MS } from '../limits.js'
import { openHopKeys } from './keys.js'
import { createReplays, firstSeen, type Replays } from './replays.js'

export interface HopsOptions {
  /** `ws:` or `wss:` URLs of relays that requests are passed on to; none: this relay is no entry. */
  readonly peers?: readonly string[]
  /** Opens requests that are sealed to this relay; default true. */
  readonly second?: boolean
  /**
   * 32 random bytes, the same at relays that share no store: any of them then opens what is sealed to one. Relays that
   * share one share keys anyway, which change and are forgotten; those that are made of a secret are not.
   */
  readonly secret?: Uint8Array
}

export interface HopsService {
  /** Empty: this relay opens no sealed requests. The newest first. */
  keys(): readonly X25519PrivateKey[]
  /** Once for each request; false for one that was answered before, here or at another relay of the store. */
  isFirst(enc: Uint8Array, time: number): Promise<boolean>
  readonly replays: Replays
  /** Undefined: not a relay that the operator lists. By host and port as in its URL. */
  peer(host: string): RelayCalls | undefined
  sweep(): Promise<void>
  close(): Promise<void>
}

export interface HopsBase {
  readonly store: Store
  readonly rows: ServiceRows
  readonly crypto: CryptoProvider
  readonly clock: Clock
  readonly logger: Logger
}

/** @throws RelayCarrierError `relay-carrier/bad-url` for a peer that has none; RelayError `relay/bad-setting` */
export async function openHops(options: HopsOptions, base: HopsBase): Promise<HopsService> {
  const { clock, logger } = base
  const { secret } = options
  if (secret !== undefined && secret.length !== 32)
    throw new RelayError('relay/bad-setting', { details: { setting: 'hops.secret' } })
  const keys = options.second === false ? undefined : await openHopKeys({ ...base, secret })
  const limits = { requestTimeoutMs: FORWARD_TIMEOUT_MS, unreachableAfterMs: FORWARD_TIMEOUT_MS }
  const peers = new Map<string, RelayCalls>()
  for (const url of options.peers ?? [])
    peers.set(new URL(url).host, openCalls(url, { clock, logger, ...limits }))
  return {
    keys: () => keys?.all() ?? [],
    isFirst: (enc, time) => firstSeen(base.rows, base.crypto, enc, time),
    replays: createReplays(clock),
    peer: (host) => peers.get(host),
    sweep: async () => keys?.rotate(),
    close: async () => {
      await Promise.all([...peers.values()].map((calls) => calls.close()))
    },
  }
}
