/** What differs between runtimes: transports, and finding nodes nearby. */
import type { Libp2pInit } from 'libp2p'

export type Transports = NonNullable<Libp2pInit['transports']>
export type Discoveries = NonNullable<Libp2pInit['peerDiscovery']>

export interface Platform {
  /** Before libp2p is loaded. */
  prepare(): void | Promise<void>
  load(): Promise<{ readonly transports: Transports; readonly nearby: Discoveries }>
  /** Whether it can listen for others by itself. */
  readonly listens: boolean
}
