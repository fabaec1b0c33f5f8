/** What a runtime brings to links: how to dial and to listen, for each kind of address. */
import type { Clock } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import type { Address } from './address.js'
import type { ByteEvents, ByteSocket } from './byte-socket.js'

export interface PlatformComponents {
  readonly clock: Clock
  readonly crypto: CryptoProvider
}

/** Somebody else has made a connection. */
export type Connected = (open: (events: ByteEvents) => ByteSocket) => void

export interface Listening {
  /** With the port that was picked. */
  readonly address: Address
  close(): Promise<void>
}

/** @throws LinkError `link/bad-address` for a kind that this platform does not have */
export interface Platform {
  dial(address: Address, events: ByteEvents, components: PlatformComponents): ByteSocket
  listen(address: Address, connected: Connected, components: PlatformComponents): Promise<Listening>
}
