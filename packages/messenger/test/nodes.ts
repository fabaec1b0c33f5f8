/** Nodes for tests: opened on a memory network, closed at the end. */
import {
  type Clock,
  isHyphaeError,
  type MailboxPut,
  type Store,
  systemClock,
  type Transport,
  toHex,
} from '@hyphae/core'
import { onTestFinished } from 'vitest'
import {
  createMessenger,
  type Group,
  type IncomingMessage,
  type Messenger,
  type MessengerEvent,
  type MessengerOptions,
  type Witness,
} from '../src/index.js'

const PATIENCE_MS = 15_000

export async function openNode(
  transport: Transport,
  options: Partial<MessengerOptions> = {},
): Promise<Messenger> {
  const node = await createMessenger({ transports: [transport], ...options })
  onTestFinished(() => node.close())
  return node
}

/** The next message of a node; its place counts as handled. */
export async function next(node: Messenger): Promise<IncomingMessage> {
  for await (const message of node.messages({ signal: AbortSignal.timeout(PATIENCE_MS) })) return message
  throw new Error('no message came in time')
}

export async function nextTexts(node: Messenger, count: number): Promise<(string | undefined)[]> {
  const texts: (string | undefined)[] = []
  for await (const message of node.messages({ signal: AbortSignal.timeout(PATIENCE_MS) })) {
    texts.push(message.text)
    if (texts.length === count) return texts
  }
  throw new Error(`only ${texts.length} of ${count} messages came in time`)
}

/** Starts listening now; resolves with the first event that fits. */
export async function eventOf<T extends MessengerEvent['type']>(
  node: Messenger,
  type: T,
): Promise<Extract<MessengerEvent, { type: T }>> {
  for await (const event of node.events({ signal: AbortSignal.timeout(PATIENCE_MS) })) {
    if (event.type === type) return event as Extract<MessengerEvent, { type: T }>
  }
  throw new Error(`no ${type} event came in time`)
}

/** A store that outlives its messenger: closing is ignored, as a disk outlives a process. */
export function survivingStore(store: Store): Store {
  return {
    ...store,
    get: (key) => store.get(key),
    list: (prefix, options) => store.list(prefix, options),
    transact: (work) => store.transact(work),
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}

export interface MovableClock extends Clock {
  /** What happens from now on happens so much later. */
  forward(ms: number): void
}

/** The system's clock, as far ahead of it as a test wants. */
export function movableClock(): MovableClock {
  let ahead = 0
  return {
    now: () => systemClock.now() + ahead,
    sleep: (ms, signal, background) => systemClock.sleep(ms, signal, background),
    forward: (ms) => {
      ahead += ms
    },
  }
}

/** A carrier whose mailbox takes what `loses` says, and loses it. */
export function losing(transport: Transport, loses: (puts: readonly MailboxPut[]) => boolean): Transport {
  return async (components) => {
    const carrier = await transport(components)
    const mailbox = carrier.mailbox
    if (mailbox === undefined) throw new Error('the network has mailboxes')
    const put: typeof mailbox.put = async (items, options) => {
      if (!loses(items)) await mailbox.put(items, options)
    }
    return { ...carrier, mailbox: { put, fetch: mailbox.fetch, watch: mailbox.watch } }
  }
}

/** A group, once the members have given a strict admin their KeyPackages. */
export async function groupBy(
  admin: Messenger,
  options: Parameters<Messenger['createGroup']>[0],
): Promise<Group> {
  let group: Group | undefined
  await until(async () => {
    try {
      group = await admin.createGroup(options)
      return true
    } catch (error) {
      if (!isHyphaeError(error, 'messenger/no-key-package')) throw error
      return false
    }
  })
  return group as Group
}

/** All events of a type from now on, as they come. */
export function collectEvents<T extends MessengerEvent['type']>(
  node: Messenger,
  type: T,
): Extract<MessengerEvent, { type: T }>[] {
  const seen: Extract<MessengerEvent, { type: T }>[] = []
  const read = async (): Promise<void> => {
    for await (const event of node.events())
      if (event.type === type) seen.push(event as Extract<MessengerEvent, { type: T }>)
  }
  void read()
  return seen
}

export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await holds()); ) {
    if (Date.now() > end) throw new Error('it did not come to pass in time')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** A witness that outlives its messenger. */
export function memoryWitness(): Witness {
  let highest: number | undefined
  return {
    read: async () => highest,
    advance: async (generation) => {
      highest = Math.max(highest ?? 0, generation)
    },
  }
}

/** Where the tag of a frame stands, and how long it is. */
const TAG = [2, 16] as const

/** Records what is put. */
export function tapped(transport: Transport, puts: MailboxPut[]): Transport {
  return async (components) => {
    const carrier = await transport(components)
    const mailbox = carrier.mailbox
    if (mailbox === undefined) throw new Error('the network has mailboxes')
    const put: typeof mailbox.put = (items, options) => {
      puts.push(...items)
      return mailbox.put(items, options)
    }
    return { ...carrier, mailbox: { put, fetch: mailbox.fetch, watch: mailbox.watch } }
  }
}

/** Message keys used for two different frames: the tag names the key. */
export function repeatedKeys(puts: readonly MailboxPut[]): number {
  const frames = new Map<string, Set<string>>()
  for (const { box, frame } of puts) {
    const place = `${toHex(box)} ${toHex(frame.subarray(...TAG))}`
    frames.set(place, (frames.get(place) ?? new Set()).add(toHex(frame)))
  }
  return [...frames.values()].filter((different) => different.size > 1).length
}
