/** `nostr(urls)`: a carrier over relays of Nostr, and `nostrPool(urls)`: the relays for whoever speaks to people there. */
import { type CarrierComponents, type CarrierTraits, MAX_FRAME_BYTES, type Transport } from '@hyphae/core'
import { type CryptoProvider, defaultCrypto } from '@hyphae/crypto'
import { systemRandom } from '@hyphae/transport'
import { AUTHOR_SECRET_BYTES, authorKeys } from './author-keys.js'
import { createDirectory } from './directory.js'
import { NostrError } from './errors.js'
import type { NostrKey } from './key.js'
import { MAX_RELAYS } from './limits.js'
import { createMailbox } from './mailbox.js'
import type { CreateNostr, Nostr } from './nostr.js'
import { createPerson, type NostrPerson } from './person.js'
import { createPool, type NostrPool } from './pool.js'
import { connectRelay } from './relay.js'
import { relayUrl } from './relay-url.js'
import { rememberedCurve } from './remembered-curve.js'
import { openWebSocket, type WebSocketConstructor } from './socket.js'
import { createTopic } from './topic.js'

export interface NostrOptions {
  /** Primitives and curve; the portable curve when left out. */
  readonly nostr?: Nostr
  /** Answers relays that ask who reads (NIP-42). They learn this key: a throwaway unless it is somebody's own. */
  readonly auth?: NostrKey
  /**
   * 32 secret bytes that the keys of the node's directory events come from: with the same seed relays replace what an
   * earlier run has published; without, it stays there until it expires.
   */
  readonly seed?: Uint8Array
  /** Checks directory records. */
  readonly crypto?: CryptoProvider
  /** A class with the standard WebSocket interface, instead of the runtime's. */
  readonly WebSocket?: WebSocketConstructor
  /** Uniform in [0, 1): spreads reconnects. */
  readonly random?: () => number
}

/** What public relays usually are; the selector measures for itself. */
const TRAITS: CarrierTraits = {
  mtu: MAX_FRAME_BYTES,
  bandwidthBps: 1_000_000,
  latencyMs: 300,
  reliable: true,
  ordered: false,
  metered: false,
  privacy: 'relayed',
}

export type PoolFactory = (
  urls: readonly string[],
  components: CarrierComponents,
  options?: NostrOptions,
) => NostrPool
export type PersonFactory = (
  urls: readonly string[],
  components: CarrierComponents,
  options: NostrOptions & { readonly key: NostrKey },
) => NostrPerson
export type NostrFactory = (urls: readonly string[], options?: NostrOptions) => Transport

export interface Factories {
  readonly nostrPool: PoolFactory
  readonly nostrPerson: PersonFactory
  readonly nostr: NostrFactory
}

/** @throws NostrError `nostr/bad-key` */
function seedOf({ seed }: NostrOptions): Uint8Array | undefined {
  if (seed !== undefined && seed.length !== AUTHOR_SECRET_BYTES) throw new NostrError('nostr/bad-key')
  return seed?.slice()
}

/** Factories that use this WebSocket class and curve unless the options bring others; asked for when they are needed. */
export function factories(platformSocket: () => WebSocketConstructor, createNostr: CreateNostr): Factories {
  const open = (urls: readonly URL[], components: CarrierComponents, options: NostrOptions): NostrPool => {
    const { clock, logger } = components
    const given = options.nostr ?? createNostr(defaultCrypto)
    const nostr: Nostr = { crypto: given.crypto, secp256k1: rememberedCurve(given.secp256k1) }
    const socket = openWebSocket(options.WebSocket ?? platformSocket())
    const random = options.random ?? systemRandom
    const relays = urls.map(({ href }) =>
      connectRelay({
        url: href,
        nostr,
        open: socket,
        clock,
        logger,
        random,
        ...(options.auth !== undefined && { auth: options.auth }),
      }),
    )
    return createPool({ nostr, relays, clock, logger, random })
  }
  const parseAll = (urls: readonly string[]): URL[] => {
    if (urls.length === 0 || urls.length > MAX_RELAYS)
      throw new NostrError('nostr/bad-url', { details: { relays: urls.length } })
    return urls.map(relayUrl)
  }
  return {
    nostrPool: (urls, components, options = {}) => open(parseAll(urls), components, options),
    nostrPerson: (urls, components, { key, ...options }) => {
      const nostr = options.nostr ?? createNostr(defaultCrypto)
      const connect = (at: readonly string[]): NostrPool =>
        open(parseAll(at), components, { ...options, nostr })
      // At home the person shows who it is where a relay asks; at others' relays it stays unknown.
      const home = open(parseAll(urls), components, { auth: key, ...options, nostr })
      return createPerson({ nostr, key, components, home, connect })
    },
    nostr: (urls, options = {}) => {
      const parsed = parseAll(urls)
      const nostr = options.nostr ?? createNostr(defaultCrypto)
      const crypto = options.crypto ?? defaultCrypto
      const secret = seedOf(options) ?? crypto.randomBytes(AUTHOR_SECRET_BYTES)
      const random = options.random ?? systemRandom
      return async (components) => {
        const pool = open(parsed, components, { ...options, nostr })
        return {
          name: `nostr ${parsed.map(({ host }) => host).join(', ')}`,
          traits: TRAITS,
          mailbox: createMailbox({ nostr, pool, clock: components.clock }),
          topic: createTopic({ nostr, pool, clock: components.clock }),
          directory: createDirectory({
            nostr,
            crypto,
            pool,
            clock: components.clock,
            random,
            authors: authorKeys(nostr, secret),
          }),
          close: pool.close,
          [Symbol.asyncDispose]: pool.close,
        }
      }
    },
  }
}
