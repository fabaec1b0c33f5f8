/**
 * A full node: an account's device with its conversations, groups, files and delivery over any carrier.
 *
 * Everything it promises is in its store first; its loops (outbox, receiver, upkeep) only move what is there.
 */
import { createRegistry } from '@hyphae/content'
import {
  type AccountId,
  type Carrier,
  type GroupId,
  type IoOptions,
  type Resolver,
  type Store,
  silentLogger,
  systemClock,
} from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { accountFromSeed } from '@hyphae/identity'
import { memoryStore } from '@hyphae/store'
import { selector } from '@hyphae/transport'
import type { Messenger, MessengerOptions } from './api.js'
import { assertArgument, hasMethods } from './arguments.js'
import { runBucketReader } from './bucket-reader.js'
import { findContact } from './contacts.js'
import type { NodeContext } from './context.js'
import { CONTROL_TYPES } from './control.js'
import { conversationWith, type Group, groupHandle } from './conversation.js'
import { runPacedOutbox } from './cover.js'
import { deferred } from './deferred.js'
import { downloadFile, streamFile } from './download.js'
import { MessengerError } from './errors.js'
import { createEventHub, type EventHub, type MessengerEvent } from './events.js'
import { flushUploads, resumeUploads, uploadsEnd } from './file-uploads.js'
import { createGroup } from './group-change.js'
import { runGroupClock } from './group-clock.js'
import { groupsTable } from './group-rows.js'
import { approveHandle, handleState, resolveHandle } from './handles.js'
import { runOutbox } from './lanes.js'
import { FIRST_PUBLISH_WAIT_MS } from './limits.js'
import type { LoggedMessage } from './log.js'
import { openNodeSessions } from './node-sessions.js'
import { flushOutbox } from './outbox.js'
import { paceOf } from './pace.js'
import { bucketSources, type PrivacyState, type PrivacyWishes, privacyWith } from './privacy.js'
import { createReaders } from './readers.js'
import { runReceiver } from './receiver.js'
import { routesOf, uniform } from './routes.js'
import { contactsTable, selfTable } from './rows.js'
import { openSelf } from './self.js'
import { createSignal } from './signal.js'
import { readStatus, waitForState } from './status.js'
import { runUpkeep } from './upkeep.js'

/**
 * Opens a node on its store, connects its carriers and publishes what others need to reach it.
 * @throws MessengerError `messenger/bad-argument`, `messenger/no-transport`, `messenger/account-mismatch`; StoreError
 */
export async function createMessenger(options: MessengerOptions): Promise<Messenger> {
  checkOptions(options)
  const crypto = options.crypto ?? defaultCrypto
  const clock = options.clock ?? systemClock
  const logger = options.logger ?? silentLogger
  const disk = options.store ?? memoryStore()
  const closing = new AbortController()
  const store = openUntil(disk, closing.signal)
  const { handles = [], witness, requireOneTimePrekeys = false } = options
  try {
    const account =
      options.account instanceof Uint8Array ? accountFromSeed(crypto, options.account) : options.account
    const self = await openSelf({ crypto, clock, store, handles, ...(account && { account }) })
    const opened = await openNodeSessions({ store, crypto, clock, self, requireOneTimePrekeys, witness })
    const { sessions, rolledBack } = opened
    const carriers = await Promise.all(options.transports.map((transport) => transport({ clock, logger })))
    assertArgument(
      'transports',
      carriers.every((carrier) => hasMethods(carrier, 'close')),
    )
    const registry = createRegistry([...CONTROL_TYPES, ...(options.content ?? [])])
    const mode = options.mode ?? 'standard'
    const parts = { crypto, clock, logger, store, self, sessions, requireOneTimePrekeys, registry, mode }
    return await startNode(parts, {
      carriers,
      privacy: await checkPrivacy(carriers, { mode, cover: options.cover ?? 'low', requireOneTimePrekeys }),
      closing,
      resolvers: options.resolvers ?? [],
      news: rolledBack ? [{ type: 'rolled-back' }] : [],
    })
  } catch (error) {
    await disk.close()
    throw error
  }
}

/** @throws MessengerError `messenger/bad-argument`, `messenger/no-transport` */
function checkOptions({ transports, store }: Partial<MessengerOptions> = {}): void {
  const isList = Array.isArray(transports) && transports.every((one) => typeof one === 'function')
  assertArgument('transports', isList)
  assertArgument('store', store === undefined || hasMethods(store, 'transact', 'close'))
  if (transports?.length === 0) throw new MessengerError('messenger/no-transport')
}

/** Closes the carriers when they do not let the node be as private as it is to be. */
async function checkPrivacy(carriers: readonly Carrier[], wishes: PrivacyWishes): Promise<PrivacyState> {
  try {
    return privacyWith(carriers, wishes)
  } catch (error) {
    await Promise.allSettled(carriers.map((carrier) => carrier.close()))
    throw error
  }
}

type NodeParts = Omit<
  NodeContext,
  'carrier' | 'directories' | 'buckets' | 'paced' | 'closing' | 'signals' | 'emit'
>

interface NodeStart {
  readonly carriers: readonly Carrier[]
  readonly privacy: PrivacyState
  readonly closing: AbortController
  readonly resolvers: readonly Resolver[]
  /** What every reader of events is told first. */
  readonly news: readonly MessengerEvent[]
}

async function startNode(parts: NodeParts, start: NodeStart): Promise<Messenger> {
  const { store, clock, logger } = parts
  const { closing } = start
  const hub = createEventHub()
  const random = (): number => uniform(parts.crypto)
  const plain = await routesOf(start.carriers, { crypto: parts.crypto, clock, logger })
  const context: NodeContext = {
    ...parts,
    carrier: plain.length === 1 ? (plain[0] as Carrier) : selector(plain, { clock, logger, random }),
    buckets: bucketSources(start.carriers, parts.mode),
    paced: start.privacy.cover !== 'off',
    directories: plain.flatMap(({ directory }) => directory ?? []),
    closing: closing.signal,
    signals: {
      outbox: createSignal(),
      stored: createSignal(),
      log: createSignal(),
      boxes: createSignal(),
      upkeep: createSignal(),
      groups: createSignal(),
    },
    emit: (event) => hub.emit(event),
  }
  const loops = await startLoops(context, start)
  return openMessenger(context, start, hub, async () => {
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

/** Starts the loops; waits a little until the node can be found, when what the directories have is of no use. */
async function startLoops(context: NodeContext, { carriers, privacy }: NodeStart): Promise<Promise<void>[]> {
  const known = await selfTable.get(context.store)
  await resumeUploads(context)
  const published = deferred()
  const { sendMs, readMs } = paceOf(
    privacy.cover,
    carriers.some(({ traits }) => traits.metered),
  )
  const loops = [
    sendMs === undefined ? runOutbox(context) : runPacedOutbox(context, sendMs),
    context.mode === 'strict' ? runBucketReader(context, readMs) : runReceiver(context),
    runUpkeep(context, published.resolve),
    uploadsEnd(context),
    runGroupClock(context),
  ]
  if (!known?.published || known.restock === 'all') {
    const wait = new AbortController()
    const tooLong = context.clock.sleep(FIRST_PUBLISH_WAIT_MS, wait.signal).catch(() => {})
    await Promise.race([published.promise, tooLong])
    wait.abort()
  }
  return loops
}

function openMessenger(
  context: NodeContext,
  { resolvers, news, privacy }: NodeStart,
  hub: EventHub,
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
    privacy,
    conversation: async (account, io) => {
      assertArgument('account', typeof account === 'string')
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
    events: (io) => hub.subscribe(until(io), news),
    flush: async (io) => {
      await flushUploads(context, until(io))
      await flushOutbox(context, until(io))
    },
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

/** A handle has an @, an account id never does. */
function isAccountId(text: string): text is AccountId {
  return !text.includes('@')
}

async function openGroupHandle(context: NodeContext, id: GroupId): Promise<Group> {
  const row = await groupsTable.get(context.store, id)
  if (row === undefined) throw new MessengerError('messenger/unknown-group')
  return groupHandle(context, id, row)
}

function fileOf(message: LoggedMessage): NonNullable<LoggedMessage['file']> {
  if (message.file === undefined) throw new MessengerError('messenger/not-a-file')
  return message.file
}
