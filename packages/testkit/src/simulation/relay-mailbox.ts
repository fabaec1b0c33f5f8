/** The Mailbox of a simulated relay's client: each port call is a call over the network; watching is a long poll. */
import {
  type BoxKey,
  concatBytes,
  type Delivery,
  type IoOptions,
  isHyphaeError,
  type Mailbox,
  type MailboxPut,
  toHex,
  utf8,
} from '@hyphae/core'
import { TestkitError } from '../errors.js'
import { DELIVERIES_PER_ANSWER, WATCH_RETRY_MS } from '../limits.js'
import type { BoxItem } from './relay-box.js'
import type { Client } from './relay-client.js'
import { checkPuts } from './relay-server.js'

const PROOF_LABEL: Uint8Array = utf8('hyphae simulated relay proof')
/** Box, id and lengths of one put; box, cursor and signature of one reading call. */
const PUT_BYTES = 48
const READ_BYTES = 104

export function relayMailbox(client: Client): Mailbox {
  return {
    put: async (puts, options) => {
      client.ready(options)
      checkPuts(puts)
      const copies = puts.map(({ box, id, frame }) => ({ box, id: id.slice(), frame: frame.slice() }))
      await Promise.all(requestsOf(client, copies).map((request) => put(client, request, options)))
    },
    fetch: async (key, options) => {
      client.ready(options)
      const items = await read(client, key, 0, options?.limit ?? DELIVERIES_PER_ANSWER, 0, options)
      return items.map((item) => delivery(client, key, item))
    },
    watch: (key, options) => watch(client, key, options),
  }
}

function requestsOf({ apart }: Client, puts: readonly MailboxPut[]): MailboxPut[][] {
  if (!apart) return [[...puts]]
  const byBox = new Map<string, MailboxPut[]>()
  for (const one of puts) byBox.set(toHex(one.box), [...(byBox.get(toHex(one.box)) ?? []), one])
  return [...byBox.values()]
}

function put(client: Client, puts: readonly MailboxPut[], options: IoOptions | undefined): Promise<void> {
  const bytes = puts.reduce((sum, { frame }) => sum + frame.length + PUT_BYTES, 0)
  return client.ask<void>('put', bytes, options, ({ server, saw }, answer) => {
    for (const { box, frame } of puts) saw('put', box, frame.length)
    server.put(puts)
    answer({ value: undefined, bytes: 0 })
  })
}

/** Answers at once with what waits, or within `holdMs` when something comes. */
function read(
  client: Client,
  key: BoxKey,
  cursor: number,
  limit: number,
  holdMs: number,
  options: IoOptions | undefined,
): Promise<readonly BoxItem[]> {
  const proof = prove(client, key)
  return client.ask(
    'read',
    READ_BYTES,
    options,
    ({ server, saw, after }, answer) => {
      assertProof(client, key, proof)
      saw('read', key.id, 0)
      let done = false
      const tell = (last: boolean): void => {
        if (done) return
        const items = server.shown(key.id, cursor, limit)
        if (items.length === 0 && !last) return
        done = true
        undo()
        const bytes = items.reduce((sum, { frame }) => sum + frame.length + PUT_BYTES, 0)
        answer({ value: items, bytes })
      }
      const undo = server.onNews(key.id, () => tell(false))
      tell(holdMs === 0)
      if (!done) after(holdMs, () => tell(true))
    },
    holdMs,
  )
}

async function* watch(
  client: Client,
  key: BoxKey,
  options: IoOptions | undefined,
): AsyncGenerator<Delivery, void, undefined> {
  const signal = client.until(options?.signal)
  const [firstMs, longestMs] = WATCH_RETRY_MS
  let cursor = 0
  let waitMs = firstMs
  while (!signal.aborted) {
    let items: readonly BoxItem[]
    try {
      items = await read(client, key, cursor, DELIVERIES_PER_ANSWER, client.holdMs, { signal })
      waitMs = firstMs
    } catch (error) {
      if (signal.aborted) return
      if (!isHyphaeError(error) || !error.retryable) throw error
      // After a reconnection the box is read from its oldest frame: what was not acknowledged comes again.
      cursor = 0
      await client.pause(waitMs, signal)
      waitMs = Math.min(longestMs, 2 * waitMs)
      continue
    }
    for (const item of items) {
      if (signal.aborted) return
      cursor = Math.max(cursor, item.cursor)
      yield delivery(client, key, item)
    }
  }
}

function delivery(client: Client, key: BoxKey, { cursor, frame }: BoxItem): Delivery {
  return {
    frame: frame.slice(),
    cursor,
    ack: async () => {
      client.ready(undefined)
      const proof = prove(client, key)
      await client.ask<void>('ack', READ_BYTES, undefined, ({ server, saw }, answer) => {
        assertProof(client, key, proof)
        saw('ack', key.id, 0)
        server.acknowledge(key.id, cursor)
        answer({ value: undefined, bytes: 0 })
      })
    },
  }
}

/** What shows that the caller owns the box; empty where the relay does not check. */
function prove({ name, checksProofs }: Client, key: BoxKey): Uint8Array {
  return checksProofs ? key.sign(concatBytes(PROOF_LABEL, utf8(name), key.id)) : new Uint8Array()
}

function assertProof({ name, verifyProof }: Client, key: BoxKey, proof: Uint8Array): void {
  if (!verifyProof(key.id, concatBytes(PROOF_LABEL, utf8(name), key.id), proof))
    throw new TestkitError('testkit/refused', { details: { reason: 'the key does not own the box' } })
}
