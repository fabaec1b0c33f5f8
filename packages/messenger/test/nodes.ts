/** Nodes for tests: opened on a memory network, closed at the end. */
import type { Store, Transport } from '@hyphae/core'
import { onTestFinished } from 'vitest'
import {
  createMessenger,
  type IncomingMessage,
  type Messenger,
  type MessengerEvent,
  type MessengerOptions,
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
