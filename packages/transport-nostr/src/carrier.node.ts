/** The factories over `ws`, for Node. */
import {
  type Factories,
  factories,
  type NostrFactory,
  type PersonFactory,
  type PoolFactory,
} from './carrier.js'
import { createNostr } from './nostr.node.js'
import { nodeWebSocket } from './socket.node.js'

const made: Factories = /* @__PURE__ */ factories(() => nodeWebSocket, createNostr)

/**
 * A carrier with mailboxes, directory and topics over these relays (`ws:` or `wss:`). It connects when it is first used.
 * @throws NostrError `nostr/bad-url`
 */
export const nostr: NostrFactory = (urls, options) => made.nostr(urls, options)

/** The relays alone: publish, query, watch. @throws NostrError `nostr/bad-url` */
export const nostrPool: PoolFactory = (urls, components, options) => made.nostrPool(urls, components, options)

/** Private messages with people on any client, read from these relays. @throws NostrError `nostr/bad-url` */
export const nostrPerson: PersonFactory = (urls, components, options) =>
  made.nostrPerson(urls, components, options)
