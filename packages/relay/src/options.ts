/** What a relay is started with. */
import type { Clock, Logger } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import type { TicketKind } from '@hyphae/transport-relay/wire'
import type { OpenEngine } from './engine/engine.js'
import type { RelayLimits } from './limits.js'
import type { RestOptions } from './rest/app.js'
import type { TlsPair } from './server/tls.js'
import type { WritingOptions } from './server/writing.js'
import type { ServiceOptions } from './services.js'

export interface RelayOptions extends ServiceOptions, WritingOptions {
  /** Folder that holds everything the relay keeps; created when missing. One process at a time. */
  readonly data: string
  /** 0 (default) takes a free port. */
  readonly port?: number
  /** Address to listen on; default 127.0.0.1. */
  readonly host?: string
  /** Host names under which clients reach this relay; see spec/relay.md section 3. */
  readonly names?: readonly string[]
  /** Speaks TLS; left out, plain HTTP for a proxy in front. */
  readonly tls?: TlsPair
  /** Answers `/api/v1` beside the WebSocket; default true. spec/relay-rest.md. */
  readonly rest?: boolean
  /** Networks of proxies whose `X-Forwarded-For` is believed; default none. */
  readonly trustedProxies?: readonly string[]
  /** Hears of each REST request: its route as the interface describes it, method, status, seconds. */
  readonly observeRequest?: RestOptions['answered']
  /** Where it keeps what it keeps; default the embedded store in `data`. */
  readonly engine?: OpenEngine
  /** Kinds of tickets that let a frame be put; default all it can check, and none at all. */
  readonly accepts?: readonly TicketKind[]
  /** File to which every WebSocket message is appended: for tests of what a relay sees. */
  readonly trafficLog?: string
  readonly limits?: Partial<RelayLimits>
  readonly clock?: Clock
  readonly logger?: Logger
  readonly crypto?: CryptoProvider
}
