import { once } from 'node:events'
import { connect } from 'node:net'
import { toHex, utf8 } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { directoryCompliance, mailboxCompliance, topicCompliance } from '@hyphae/testkit'
import { signDirectoryRecord, signStockUpload } from '@hyphae/tlv'
import { describe, it } from 'vitest'
import { WebSocket } from 'ws'
import { nostr, nostrPool } from '../src/index.node.js'
import { signEvent } from '../src/portable.js'
import { keyOf, nostr as primitives } from './support/keys.js'
import { components, startRelay } from './support/relay.js'

/** Longer than any frame lives. */
const AN_AGE_SECONDS = 400 * 86_400

/** In the words of a WebSocket, and without any. */
async function sayToRelay(port: number, bytes: Uint8Array): Promise<void> {
  const raw = connect({ host: '127.0.0.1', port }, () => raw.end(bytes))
  raw.resume().on('error', () => {})
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  socket.on('error', () => {})
  await once(socket, 'open')
  socket.send(bytes)
  socket.send(Buffer.from(bytes).toString('latin1'))
  socket.close()
  await once(socket, 'close')
  raw.destroy()
}

async function open() {
  const relays = [await startRelay(), await startRelay()]
  const transport = nostr(relays.map(({ url }) => url))
  const [carrier, other] = [await transport(components), await transport(components)]
  return {
    urls: relays.map(({ url }) => url),
    carrier,
    other,
    cut: () => {
      for (const { cut } of relays) cut()
    },
    // To the relays as a stranger, and from the relays as one that has lost its mind.
    garble: async (bytes: Uint8Array) => {
      await Promise.all(relays.map(({ port }) => sayToRelay(port, bytes)))
      for (const { babble } of relays) babble(bytes)
    },
    expire: () => {
      for (const { forget } of relays) forget(AN_AGE_SECONDS)
    },
    dispose: async () => {
      await Promise.all([carrier.close(), other.close()])
      await Promise.all(relays.map(({ stop }) => stop()))
    },
  }
}

describe('the carrier over two relays of another maker', () => {
  // Relays of Nostr ask for no proof: whoever knows a box's id may read what is in it, which is sealed.
  for (const { name, run } of mailboxCompliance(open, { crypto, checksProofs: false })) it(name, run)
})

/** A stranger that knows a topic's tag and not its key, beside relays that babble. */
async function openTopic() {
  const subject = await open()
  const pool = nostrPool(subject.urls, components)
  return {
    ...subject,
    garble: async (topic: Uint8Array, bytes: Uint8Array) => {
      const tag = toHex(crypto.hmacSha256(utf8('hyphae nostr topic'), topic))
      const content = Buffer.from(bytes).toString('base64')
      const created_at = Math.floor(Date.now() / 1000)
      await pool.publish(
        signEvent(primitives, keyOf(9), { kind: 21_059, created_at, tags: [['p', tag]], content }),
      )
      await subject.garble(bytes)
    },
    dispose: async () => {
      await pool.close()
      await subject.dispose()
    },
  }
}

describe('topics over two relays of another maker', () => {
  for (const { name, run } of topicCompliance(openTopic, { crypto })) it(name, run)
})

describe('a directory over two relays of another maker', () => {
  const cases = directoryCompliance(open, {
    crypto,
    signRecord: (key, record) => signDirectoryRecord(crypto, key, record),
    signStock: (key, upload) => signStockUpload(crypto, key, upload),
  })
  for (const { name, run } of cases) it(name, run)
})
