/** What `libp2p(options)` takes, checked before anything is started. */
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import { Libp2pError } from './errors.js'
import { MAX_ADDRESS_CHARACTERS, MAX_ADDRESSES } from './limits.js'

/** Where a device may be dialled, best known now; asked each time a stream is opened. Multiaddrs that end in /p2p/ and a peer id. */
export type Addresses = (device: string) => readonly string[] | Promise<readonly string[]>

export interface Libp2pOptions {
  /** The device's signing key: what peers know it by. It signs the peer id and is not used for libp2p itself. */
  readonly identity: Ed25519PrivateKey
  /** 32 bytes: the key behind the peer id, for nodes that others bootstrap from. A new one for each run unless given. */
  readonly seed?: Uint8Array
  /**
   * Multiaddrs to listen at: `/ip4/127.0.0.1/tcp/0`, the same with `/ws`, `/p2p-circuit` for any relay that is met, or
   * a relay's address with `/p2p-circuit`. None: only dials.
   */
  readonly listen?: readonly string[]
  /** Nodes to meet the others through. */
  readonly bootstrap?: readonly string[]
  readonly addresses?: Addresses
  /** Devices to speak with as soon as there is something to say, asked again and again; who has come needs no naming. */
  readonly peers?: readonly string[] | (() => readonly string[])
  /** Publishes where this device is, readable only for who knows its device id. Off unless set. */
  readonly announce?: boolean
  /**
   * `public` (the default) neither spreads addresses of private networks in the DHT nor dials those that a device
   * announces; `local` does both, for one network or one machine.
   */
  readonly reach?: 'public' | 'local'
  /** Finds nodes on the local network, and is found by them. Node only. Off unless set. */
  readonly mdns?: boolean
  /** Whether this node keeps records of others. `server` where it listens, unless given; browsers are always clients. */
  readonly dht?: 'server' | 'client'
  /** Passes bytes on between nodes that cannot reach each other. Off unless set. */
  readonly relay?: boolean
  /** Whether a device may open a stream; everybody may unless given. Frames are sealed for their readers in any case. */
  readonly accept?: (device: string) => boolean
  /** Transports of libp2p beside those that are built in, as `webRTC()`. */
  readonly transports?: readonly Libp2pTransport[]
  readonly crypto?: CryptoProvider
  /** Uniform in [0, 1): spreads retries. */
  readonly random?: () => number
}

/** A transport of libp2p: what `webRTC()` and its like return. */
export type Libp2pTransport = (components: never) => unknown

/** @throws Libp2pError `libp2p/bad-option`, `libp2p/bad-address` */
export function checkOptions(options: Libp2pOptions): void {
  if (options.seed !== undefined && options.seed.length !== 32)
    throw new Libp2pError('libp2p/bad-option', { details: { option: 'seed', bytes: options.seed.length } })
  checkAddresses(options.listen ?? [])
  checkAddresses(options.bootstrap ?? [])
  for (const address of options.bootstrap ?? [])
    if (!/\/p2p\/[^/]+$/.test(address)) throw new Libp2pError('libp2p/bad-address')
}

/** Rough: libp2p reads them exactly. @throws Libp2pError `libp2p/bad-address` */
export function checkAddresses(addresses: readonly string[]): void {
  const good = addresses.every((text) => text.startsWith('/') && text.length <= MAX_ADDRESS_CHARACTERS)
  if (!good || addresses.length > MAX_ADDRESSES)
    throw new Libp2pError('libp2p/bad-address', { details: { addresses: addresses.length } })
}
