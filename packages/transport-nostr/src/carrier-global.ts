/** The factories over the WebSocket of the runtime. */
import {
  type Factories,
  factories,
  type NostrFactory,
  type PersonFactory,
  type PoolFactory,
} from './carrier.js'
import { createNostr } from './nostr-global.js'
import { globalWebSocket } from './socket.js'

const made: Factories = /* @__PURE__ */ factories(globalWebSocket, createNostr)

/**
 * A carrier with mailboxes, directory and topics over these relays (`ws:` or `wss:`). It connects when it is first used.
 * @throws NostrError `nostr/bad-url`, `nostr/no-websocket`
 */
export const nostr: NostrFactory = (urls, options) => made.nostr(urls, options)

/** The relays alone: publish, query, watch. @throws NostrError `nostr/bad-url`, `nostr/no-websocket` */
export const nostrPool: PoolFactory = (urls, components, options) => made.nostrPool(urls, components, options)

/** Private messages with people on any client, read from these relays. @throws NostrError `nostr/bad-url`, `nostr/no-websocket` */
export const nostrPerson: PersonFactory = (urls, components, options) =>
  made.nostrPerson(urls, components, options)
