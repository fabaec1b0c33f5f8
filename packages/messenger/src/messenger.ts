/**
 * A full node: an account's device with its conversations, groups, files and delivery over any carrier.
 *
 * Everything it promises is in its store first; its loops (outbox, receiver, upkeep) only move what is there.
 */
import { type ContentType, createRegistry } from '@hyphae/content'
import {
  type AccountId,
  type Carrier,
  type Clock,
  type DeviceId,
  type GroupId,
  type IoOptions,
  type Logger,
  type MessageId,
  type Resolver,
  type Store,
  silentLogger,
  systemClock,
  type Transport,
} from '@hyphae/core'
import { type CryptoProvider, defaultCrypto } from '@hyphae/crypto'
import type { AccountKeys } from '@hyphae/identity'
import { memoryStore } from '@hyphae/store'
import { fanOut } from '@hyphae/transport'
import { plainCarrier } from './carrier.js'
import { findContact } from './contacts.js'
import type { NodeContext, PrivacyMode } from './context.js'
import { CONTROL_TYPES } from './control.js'
import { type Conversation, conversationWith, type Group, groupHandle } from './conversation.js'
import { type DownloadOptions, downloadFile, streamFile } from './download.js'
import { MessengerError } from './errors.js'
import { createEventHub, type MessengerEvent } from './events.js'
import { createGroup } from './groups.js'
import { approveHandle, type HandleState, handleState, resolveHandle } from './handles.js'
import { FIRST_PUBLISH_WAIT_MS } from './limits.js'
import { type IncomingMessage, type LoggedMessage, readMessages } from './log.js'
import { runOutbox } from './outbox.js'
import { runReceiver } from './receiver.js'
import { contactsTable, groupsTable, selfTable, sentTable } from './rows.js'
import { openSelf } from './self.js'
import { createSignal } from './signal.js'
import { type MessageStatus, statusOf } from './status.js'
import { runUpkeep } from './upkeep.js'

export interface MessengerOptions {
  /** At least one; the same frames go over all of them. */
  readonly transports: readonly Transport[]
  /** Where everything is kept; memory when left out. The messenger closes it. */
  readonly store?: Store
  /** The account to use when the store is empty; a new one when left out. */
  readonly account?: AccountKeys
  /** Names this account claims; a resolver must serve its record for others to find it by them. */
  readonly handles?: readonly string[]
  readonly resolvers?: readonly Resolver[]
  /** Content types of the app's own. */
  readonly content?: readonly ContentType[]
  /** `standard` when left out. */
  readonly mode?: PrivacyMode
  readonly crypto?: CryptoProvider
  readonly clock?: Clock
  readonly logger?: Logger
}

export interface Messenger extends AsyncDisposable {
  /** What others pass to `conversation`. */
  readonly id: AccountId
  readonly deviceId: DeviceId
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
  /** What happens besides messages, from now on. */
  events(options?: IoOptions): AsyncIterable<MessengerEvent>
  /** How far a sent message got. @throws MessengerError `messenger/unknown-message` */
  status(id: MessageId): Promise<MessageStatus>
  /** Resolves when the message has reached `state` or a later one. */
  reached(id: MessageId, state: 'stored' | 'delivered' | 'read', options?: IoOptions): Promise<void>
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

/** Time for a waiting reader to write its place at closing. */
const READER_GRACE_MS = 250

const ORDER = ['queued', 'stored', 'delivered', 'read'] as const

/**
 * Opens a node on its store, connects its carriers and publishes what others need to reach it.
 * @throws MessengerError `messenger/no-transport`, `messenger/account-mismatch`; StoreError
 */
export async function createMessenger(options: MessengerOptions): Promise<Messenger> {
  if (options.transports.length === 0) throw new MessengerError('messenger/no-transport')
  const crypto = options.crypto ?? defaultCrypto
  const clock = options.clock ?? systemClock
  const logger = options.logger ?? silentLogger
  const store = options.store ?? memoryStore()
  const { account, handles = [] } = options
  const self = await openSelf({ crypto, clock, store, handles, ...(account && { account }) })
  const carriers = await Promise.all(options.transports.map((transport) => transport({ clock, logger })))
  const hub = createEventHub()
  const closing = new AbortController()
  const context: NodeContext = {
    crypto,
    clock,
    logger,
    store: openUntil(store, closing.signal),
    registry: createRegistry([...CONTROL_TYPES, ...(options.content ?? [])]),
    carrier: plainCarrier(
      carriers.length === 1 ? (carriers[0] as Carrier) : fanOut(carriers, { clock, logger }),
    ),
    self,
    mode: options.mode ?? 'standard',
    closing: closing.signal,
    signals: { outbox: createSignal(), log: createSignal(), boxes: createSignal(), upkeep: createSignal() },
    emit: (event) => hub.emit(event),
  }
  const loops = await startLoops(context)
  return openMessenger(context, options.resolvers ?? [], hub, async () => {
    closing.abort(new MessengerError('messenger/closed'))
    await Promise.all(loops)
    await context.carrier.close()
    await store.close()
  })
}

/** The store, refusing with `messenger/closed` once the node closes. */
function openUntil(store: Store, closing: AbortSignal): Store {
  const open = (): Store => {
    if (closing.aborted) throw new MessengerError('messenger/closed')
    return store
  }
  return {
    get: async (key) => open().get(key),
    list: async (prefix, options) => open().list(prefix, options),
    transact: async (work) => open().transact(work),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  }
}

/** Starts the loops; at a first start waits a little until the node can be found. */
async function startLoops(context: NodeContext): Promise<Promise<void>[]> {
  const known = await selfTable.get(context.store)
  const published = deferred()
  const loops = [runOutbox(context), runReceiver(context), runUpkeep(context, published.resolve)]
  if (!known?.published) {
    const wait = new AbortController()
    const tooLong = context.clock.sleep(FIRST_PUBLISH_WAIT_MS, wait.signal).catch(() => {})
    await Promise.race([published.promise, tooLong])
    wait.abort()
  }
  return loops
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

function openMessenger(
  context: NodeContext,
  resolvers: readonly Resolver[],
  hub: ReturnType<typeof createEventHub>,
  shutDown: () => Promise<void>,
): Messenger {
  const { store, closing } = context
  const readers = createReaders(context)
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    closed ??= readers.stop().then(shutDown)
    return closed
  }
  const until = (options?: IoOptions): AbortSignal =>
    options?.signal === undefined ? closing : AbortSignal.any([closing, options.signal])
  return {
    id: context.self.accountId,
    deviceId: context.self.deviceId,
    conversation: async (account, io) => {
      const id = isAccountId(account) ? account : await resolveHandle(context, resolvers, account, io)
      return conversationWith(context, (await findContact(context, id, io)).id)
    },
    contacts: async () => (await contactsTable.list(store, [])).map(({ parts }) => parts[0] as AccountId),
    createGroup: async ({ name, members, ...io }) =>
      openGroupHandle(context, await createGroup(context, name, members, io)),
    group: (id) => openGroupHandle(context, id),
    groups: async () =>
      (await groupsTable.list(store, [])).map(({ parts, row }) =>
        groupHandle(context, parts[0] as GroupId, row),
      ),
    messages: (io) => readers.start(io?.signal),
    events: (io) => hub.subscribe(until(io)),
    status: (id) => readStatus(context, id),
    reached: (id, state, io) => waitForState(context, hub, id, state, until(io)),
    downloadFile: (message, io) => downloadFile(context, fileOf(message), io),
    streamFile: (message, io) => streamFile(context, fileOf(message), io),
    handle: (handle) => handleState(context, handle),
    approveIdentity: (handle, account) => approveHandle(context, handle, account),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function isAccountId(text: string): text is AccountId {
  return text.startsWith('hyphae1')
}

async function openGroupHandle(context: NodeContext, id: GroupId): Promise<Group> {
  const row = await groupsTable.get(context.store, id)
  if (row === undefined) throw new MessengerError('messenger/unknown-group')
  return groupHandle(context, id, row)
}

async function readStatus(context: NodeContext, id: MessageId): Promise<MessageStatus> {
  const row = await sentTable.get(context.store, id)
  if (row === undefined) throw new MessengerError('messenger/unknown-message')
  return statusOf(row)
}

async function waitForState(
  context: NodeContext,
  hub: ReturnType<typeof createEventHub>,
  id: MessageId,
  state: (typeof ORDER)[number],
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController()
  const events = hub.subscribe(AbortSignal.any([signal, stop.signal]))
  try {
    const there = async (): Promise<boolean> =>
      ORDER.indexOf((await readStatus(context, id)).state) >= ORDER.indexOf(state)
    if (await there()) return
    for await (const event of events) {
      if (event.type === 'status' && event.id === id && (await there())) return
    }
    throw signal.reason
  } finally {
    stop.abort()
  }
}

function fileOf(message: LoggedMessage): NonNullable<LoggedMessage['file']> {
  if (message.file === undefined) throw new MessengerError('messenger/file-unavailable')
  return message.file
}

interface Readers {
  start(signal?: AbortSignal): AsyncIterableIterator<IncomingMessage>
  /** Ends the reader where it waits, so that its place is kept before the store closes. */
  stop(): Promise<void>
}

/** One reader at a time, since its place is durable. */
function createReaders(context: NodeContext): Readers {
  let active: { stop: AbortController; ended: Promise<void> } | undefined
  return {
    start: (signal) => {
      if (active !== undefined) throw new MessengerError('messenger/already-reading')
      const stop = new AbortController()
      const end = deferred()
      active = { stop, ended: end.promise }
      const until = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal])
      return (async function* () {
        try {
          yield* readMessages(context, until)
        } finally {
          active = undefined
          end.resolve()
        }
      })()
    },
    stop: async () => {
      active?.stop.abort()
      // A reader in the middle of handling a message does not come back by itself: its message is offered again.
      await Promise.race([active?.ended, context.clock.sleep(READER_GRACE_MS)])
    },
  }
}
