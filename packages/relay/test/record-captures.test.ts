/** Buckets of records, byte for byte as they were when they came in (spec/relay.md section 4.1). */
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { type DirectoryRecord, toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { startRelay } from '@hyphae/relay'
import { decodeDirectoryRecord, encodeDirectoryRecord, signDirectoryRecord } from '@hyphae/tlv'
import {
  decodeReplies,
  encodeReplies,
  encodeRequests,
  openHiddenRecord,
  type Reply,
  type Request,
} from '@hyphae/transport-relay/wire'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { temporaryFolder } from './support/relay.js'

/** `HYPHAE_WRITE_CAPTURES=1` writes them anew: only when a later version of the requests has come. */
const WRITE = process.env.HYPHAE_WRITE_CAPTURES === '1'
const FILE = new URL('captures/record-buckets.json', import.meta.url)

interface Capture {
  readonly records: readonly string[]
  readonly sent: readonly string[]
  readonly received: readonly string[]
}

const ALL = { bits: 0, prefix: 0 }
const NOTHING = new Uint8Array(0)

function made(): DirectoryRecord[] {
  return [0x01, 0x81, 0x82].map((first, i) => {
    const key = crypto.ed25519.importSeed(new Uint8Array(32).fill(i + 1))
    const address = new Uint8Array(32).fill(0xa0 + i)
    address[0] = first
    return signDirectoryRecord(crypto, key, { address, sequence: 5 + i, body: new Uint8Array(8).fill(i) })
  })
}

/** A relay whose keys, nonces and salts are no secrets, and one connection to it. */
async function conversation(records: readonly DirectoryRecord[]) {
  const randomBytes = (length: number): Uint8Array => new Uint8Array(length).fill(length)
  const folder = await temporaryFolder()
  const server = await startRelay({ data: folder.path, crypto: { ...crypto, randomBytes } })
  const ws = new WebSocket(server.url)
  const heard: Reply[] = []
  ws.on('message', (data: Buffer) => void heard.push(...decodeReplies(data)))
  await once(ws, 'open')
  const ask = async (bytes: Uint8Array, request: number): Promise<Reply> => {
    ws.send(bytes)
    for (;;) {
      const answer = heard.find((reply) => reply.request === request)
      if (answer !== undefined) return answer
      await once(ws, 'message')
    }
  }
  for (const [i, record] of records.entries())
    await ask(encodeRequests([{ kind: 'publish', request: 100 + i, record }]), 100 + i)
  const end = async (): Promise<void> => {
    ws.terminate()
    await server.close()
    await folder.remove()
  }
  return { ask, end }
}

/** Two parts and a place that is none. */
async function write(): Promise<void> {
  const records = made()
  const { ask, end } = await conversation(records)
  const sent: string[] = []
  const received: string[] = []
  let after: Uint8Array = NOTHING
  for (const [i, limit] of [2, 2, 1].entries()) {
    if (i === 2) after = Uint8Array.of(1, 2, 3)
    const request: Request = { kind: 'record-bucket', request: i + 1, ...ALL, after, limit }
    const bytes = encodeRequests([request])
    const reply = await ask(bytes, i + 1)
    sent.push(toHex(bytes))
    received.push(toHex(encodeReplies([reply])))
    if (reply.kind === 'record-bucket-part') after = reply.next.slice()
  }
  await end()
  const capture: Capture = {
    records: records.map((one) => toHex(encodeDirectoryRecord(one))),
    sent,
    received,
  }
  writeFileSync(FILE, `${JSON.stringify(capture, null, 2)}\n`)
}

describe('frozen captures of buckets of records', async () => {
  if (WRITE) await write()
  const capture = JSON.parse(readFileSync(FILE, 'utf8')) as Capture
  const records = capture.records.map((hex) => decodeDirectoryRecord(Buffer.from(hex, 'hex')))

  it('are what this relay answers', async () => {
    const { ask, end } = await conversation(records)
    for (const [i, hex] of capture.sent.entries())
      expect(toHex(encodeReplies([await ask(Buffer.from(hex, 'hex'), i + 1)]))).toBe(capture.received[i])
    await end()
  })

  it('are read by this client: each record by who knows its address', () => {
    const found = capture.received.flatMap((hex) =>
      decodeReplies(Buffer.from(hex, 'hex')).flatMap((reply) => {
        if (reply.kind !== 'record-bucket-part') return []
        const { salt } = reply
        return reply.records.flatMap((one, place) =>
          records.flatMap(
            ({ address }) => openHiddenRecord(one, address, { salt, place, sha256: crypto.sha256 }) ?? [],
          ),
        )
      }),
    )
    expect(found.map((record) => toHex(encodeDirectoryRecord(record)))).toEqual(capture.records)
  })
})
