/** What an app sees of a node: its options and its calls. */
import type { ContentType } from '@hyphae/content'
import type {
  AccountId,
  Clock,
  DeviceId,
  GroupId,
  IoOptions,
  Logger,
  MessageId,
  Resolver,
  Store,
  Transport,
} from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import type { AccountKeys } from '@hyphae/identity'
import type { Witness } from '@hyphae/ratchet/sessions'
import type { PrivacyMode } from './context.js'
import type { Conversation, Group } from './conversation.js'
import type { DownloadOptions } from './download.js'
import type { MessengerEvent } from './events.js'
import type { HandleState } from './handles.js'
import type { IncomingMessage, LoggedMessage } from './log.js'
import type { Cover } from './pace.js'
import type { PrivacyState } from './privacy.js'
import type { MessageStatus } from './status.js'

export interface MessengerOptions {
  /** At least one; the same frames go over all of them. */
  readonly transports: readonly Transport[]
  /** Where everything is kept; memory when left out. The messenger closes it. */
  readonly store?: Store
  /**
   * The account to use when the store is empty, as keys or as its 32-byte secret seed; a new one when left out. A store
   * of another account is refused.
   */
  readonly account?: AccountKeys | Uint8Array
  /** Names this account claims; a resolver must serve its record for others to find it by them. */
  readonly handles?: readonly string[]
  readonly resolvers?: readonly Resolver[]
  /** Content types of the app's own. */
  readonly content?: readonly ContentType[]
  /** `standard` when left out. */
  readonly mode?: PrivacyMode
  /** How much cover traffic a strict node sends: `low` when left out; none over a metered carrier. */
  readonly cover?: Cover
  /**
   * Refuses sessions made without a one-time prekey, which protect their first messages less, in both directions:
   * `ratchet/one-time-required`, thrown by `send`, told by a `refused` event.
   */
  readonly requireOneTimePrekeys?: boolean
  /**
   * Kept apart from the store and never restored with it: it tells an old copy of the store from the newest. Then
   * there is a `rolled-back` event, and nothing of the copy is used to encrypt.
   */
  readonly witness?: Witness
  readonly crypto?: CryptoProvider
  readonly clock?: Clock
  readonly logger?: Logger
}

export interface Messenger extends AsyncDisposable {
  /** What others pass to `conversation`. */
  readonly id: AccountId
  readonly deviceId: DeviceId
  /** What this node hides, with the carriers it has. */
  readonly privacy: PrivacyState
  /**
   * The conversation with an account, by id or by a handle that a resolver knows. Looks the account up at the
   * first time, so a carrier must be reachable then.
   */
  conversation(account: AccountId | string, options?: IoOptions): Promise<Conversation>
  /** Accounts this node has met. */
  contacts(): Promise<AccountId[]>
  createGroup(
    options: { readonly name: string; readonly members: readonly AccountId[] } & IoOptions,
  ): Promise<Group>
  /** @throws MessengerError `messenger/unknown-group` */
  group(id: GroupId): Promise<Group>
  groups(): Promise<Group[]>
  /**
   * Messages from others in order of arrival, from where the last reader stopped, across restarts. A message counts
   * as handled when the reader asks for the next one or leaves the loop.
   */
  messages(options?: IoOptions): AsyncIterableIterator<IncomingMessage>
  /** What happens besides messages, from now on; first of all `rolled-back`, if the store is an old copy. */
  events(options?: IoOptions): AsyncIterable<MessengerEvent>
  /** How far a sent message got. @throws MessengerError `messenger/unknown-message` */
  status(id: MessageId): Promise<MessageStatus>
  /** Resolves when the message has reached `state` or a later one. */
  reached(id: MessageId, state: 'stored' | 'delivered' | 'read', options?: IoOptions): Promise<void>
  /**
   * Resolves when a carrier has stored everything that was queued: messages, receipts, group changes, and the chunks of
   * sent files that a carrier which is there is fast enough for. Waits for carriers that cannot be reached at the moment.
   * Does not wait for files that all carriers are too slow for (`status` tells), nor for anybody to receive or read
   * anything (`reached` does).
   */
  flush(options?: IoOptions): Promise<void>
  /** The whole file of a `file` message, verified. */
  downloadFile(message: LoggedMessage, options?: DownloadOptions): Promise<Uint8Array>
  /** The file in verified pieces. */
  streamFile(message: LoggedMessage, options?: DownloadOptions): AsyncIterable<Uint8Array>
  /** What a handle is pinned to and what is proposed instead. */
  handle(handle: string): Promise<HandleState | undefined>
  /** Accepts a changed identity after the person compared it. */
  approveIdentity(handle: string, account: AccountId): Promise<void>
  close(): Promise<void>
}
