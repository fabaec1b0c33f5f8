/**
 * Listens for what other relays store and announce. spec/relay-engines.md section 3.5.
 *
 * A notification comes once the transaction is committed and never twice; while the connection is away none come,
 * so that afterwards everybody looks again.
 */
import { systemClock } from '@hyphae/core'
import { type BucketPrefix, bucketOf } from '@hyphae/transport-relay/wire'
import pg, { type Client, type Notification } from 'pg'
import type { AnnouncedListener, StoredListener } from '../engine.js'
import { boxName } from '../keys.js'
import { type ConnectionOptions, configOf } from './connection.js'
import { RETRY_MS } from './limits.js'

export interface Ear {
  /** `box` is reported when somebody waits for it. */
  stored(box: Uint8Array): void
  interest(bucket: BucketPrefix, wanted: boolean): void
  close(): Promise<void>
}

export interface EarContext {
  readonly connection: ConnectionOptions
  /** Channels for stored frames and for announced ones. */
  readonly stored: string
  readonly announced: string
  /** Marks notifications of this process, which has been told already. */
  readonly tag: string
  readonly hint: StoredListener
  readonly heard: AnnouncedListener
}

const BOX_CHARS = 44
const TOKEN_BITS = 16

function* boxesOf(payload: string): Generator<Uint8Array> {
  for (let at = 0; at < payload.length; at += BOX_CHARS)
    yield Buffer.from(payload.slice(at, at + BOX_CHARS), 'base64')
}

interface Wanted {
  readonly tokens: Map<number, number>
  wide: number
}

function isWanted({ tokens, wide }: Wanted, box: Uint8Array): boolean {
  return wide > 0 || tokens.has(bucketOf(box, TOKEN_BITS).prefix)
}

function want(wanted: Wanted, { bits, prefix }: BucketPrefix, change: 1 | -1): void {
  if (bits < TOKEN_BITS) {
    wanted.wide += change
    return
  }
  const token = Math.floor(prefix / 2 ** (bits - TOKEN_BITS))
  const users = (wanted.tokens.get(token) ?? 0) + change
  if (users > 0) wanted.tokens.set(token, users)
  else wanted.tokens.delete(token)
}

function hear(context: EarContext, wanted: Wanted, { channel, payload = '' }: Notification): void {
  const { tag, hint, heard } = context
  if (channel === context.stored && !payload.startsWith(tag)) {
    for (const box of boxesOf(payload.slice(tag.length)))
      if (isWanted(wanted, box)) hint(boxName(box), undefined)
  } else if (channel === context.announced) {
    const name = boxName(Buffer.from(payload.slice(0, BOX_CHARS), 'base64'))
    heard(name, Uint8Array.from(Buffer.from(payload.slice(BOX_CHARS), 'base64')))
  }
}

async function listen(context: EarContext, wanted: Wanted, lost: () => void): Promise<Client> {
  const client = new pg.Client(configOf(context.connection))
  client.on('error', lost)
  client.on('end', lost)
  client.on('notification', (notification) => hear(context, wanted, notification))
  await client.connect()
  await client.query(`LISTEN ${context.stored}; LISTEN ${context.announced}`)
  return client
}

export async function openEar(context: EarContext): Promise<Ear> {
  const wanted: Wanted = { tokens: new Map(), wide: 0 }
  const stop = new AbortController()
  let client: Client | undefined
  let again: Promise<void> | undefined

  const lost = (): void => {
    if (!stop.signal.aborted) again ??= reconnect()
  }
  const reconnect = async (): Promise<void> => {
    client?.removeListener('end', lost)
    await client?.end().catch(() => {})
    client = undefined
    while (client === undefined && !stop.signal.aborted) {
      await systemClock.sleep(RETRY_MS, stop.signal).catch(() => {})
      client = await listen(context, wanted, lost).catch(() => undefined)
    }
    again = undefined
    context.hint(undefined, undefined)
  }
  client = await listen(context, wanted, lost)
  return {
    stored: (box) => {
      if (isWanted(wanted, box)) context.hint(boxName(box), undefined)
    },
    interest: (bucket, on) => want(wanted, bucket, on ? 1 : -1),
    close: async () => {
      stop.abort()
      await again
      await client?.end().catch(() => {})
    },
  }
}
