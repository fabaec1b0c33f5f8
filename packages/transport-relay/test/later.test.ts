/** Codes 17 to 28 from the client's side, against relays that say what a test wants. */
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { signDirectoryRecord, verifyDirectoryRecord } from '@hyphae/tlv'
import type { MailboxTerms, RelayCarrierOptions, Ticket } from '@hyphae/transport-relay'
import {
  FAILURES,
  hideRecord,
  openHiddenRecord,
  type Reply,
  type Request,
} from '@hyphae/transport-relay/wire'
import { afterEach, describe, expect, it } from 'vitest'
import { carrierTo, newBox, newPut } from './support/carrier.js'
import { agreeable, type Peer, type ScriptedRelay, startScripted } from './support/scripted-relay.js'

const toClose: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(toClose.splice(0).map((one) => one.close()))
})

type Answer = (request: Request, peer: Peer) => Reply | undefined

/** Knows codes 1 to 16. */
const first: Answer = (request) => {
  const known = ['open', 'put', 'fetch', 'ack', 'watch', 'credit', 'unwatch', 'ping'].includes(request.kind)
  if (known) return agreeable(request)
  return { kind: 'failure', request: request.request, code: FAILURES.unsupported, retryAfterMs: 0 }
}

async function talk(answer: Answer, options: RelayCarrierOptions = {}) {
  const server = await startScripted({ answer })
  const client = await carrierTo(server.url, options)
  toClose.push(client, server)
  return { server, client }
}

const kindsOf = (server: ScriptedRelay, peer = 0): string[] =>
  (server.peers[peer]?.requests ?? []).map(({ kind }) => kind)

const never = { kind: 'wrong' } as const

describe('a put that asks for more', () => {
  it('becomes a plain put on an older relay, asked once for each connection', async () => {
    const { client, server } = await talk(first, { ttl: 7 })
    const box = newBox()
    await client.mailbox.put([newPut(box)])
    await client.mailbox.put([newPut(box), { ...newPut(box), ttl: 1 }])
    expect(kindsOf(server)).toEqual(['deposit', 'put', 'put', 'put'])
    server.peers[0]?.ws.terminate()
    while ((server.peers[0]?.ws.readyState ?? 3) !== 3) await new Promise((resolve) => setTimeout(resolve, 2))
    await client.mailbox.put([newPut(box)])
    expect(kindsOf(server, 1)).toEqual(['deposit', 'put'])
  })

  it('is a plain put where it asks for nothing, so that no relay is asked what it need not know', async () => {
    const { client, server } = await talk(agreeable)
    await client.mailbox.put([newPut(newBox()), { ...newPut(newBox()), ttl: 30 }])
    expect(kindsOf(server)).toEqual(['put', 'put'])
  })

  it('brings the ticket it was given, or the one that is made for it', async () => {
    const made: Ticket = { kind: 'token', bytes: crypto.randomBytes(40) }
    const given: Ticket = { kind: 'capability', bytes: crypto.randomBytes(92) }
    const asked: Uint8Array[] = []
    const ticketFor = ({ id }: { readonly id: Uint8Array }): Ticket => {
      asked.push(id)
      return made
    }
    const { client, server } = await talk(agreeable, { ticketFor })
    const [plain, own] = [newPut(newBox()), { ...newPut(newBox()), ticket: given }]
    await client.mailbox.put([own])
    await client.mailbox.put([plain])
    const tickets = (server.peers[0]?.requests ?? []).map((one) =>
      one.kind === 'deposit' ? one.ticket : undefined,
    )
    expect(tickets.map((ticket) => ticket?.kind)).toEqual(['capability', 'token'])
    expect(tickets.map((ticket) => Buffer.from(ticket?.bytes ?? []))).toEqual([
      Buffer.from(given.bytes),
      Buffer.from(made.bytes),
    ])
    expect(asked).toEqual([plain.id])
  })

  it('rejects with what the maker of its ticket says, and sends nothing', async () => {
    const ticketFor = (): never => {
      throw never
    }
    const { client, server } = await talk(agreeable, { ticketFor })
    await expect(client.mailbox.put([newPut(newBox())])).rejects.toBe(never)
    expect(server.peers).toHaveLength(0)
  })

  it('hostile 2: with a ticket or a time that cannot be is refused before it is sent', async () => {
    const { client, server } = await talk(agreeable)
    const bad = [
      { ttl: 2 as 1 },
      { ticket: { kind: 'none', bytes: new Uint8Array(1) } as Ticket },
      { ticket: { kind: 'token', bytes: new Uint8Array(1025) } as Ticket },
    ]
    for (const more of bad)
      await expect(client.mailbox.put([{ ...newPut(newBox()), ...more }])).rejects.toMatchObject({
        code: 'relay-carrier/bad-input',
      })
    const terms: MailboxTerms[] = [
      { accepts: [], workBits: 65 },
      { accepts: [], quota: -1 },
      { accepts: [], capabilityKey: new Uint8Array(31) },
    ]
    for (const one of terms)
      await expect(client.terms.set(newBox(), one)).rejects.toMatchObject({ code: 'relay-carrier/bad-input' })
    expect(server.peers).toHaveLength(0)
  })
})

describe('reading through buckets', () => {
  const privacy = { mode: 'bucket', sha256: crypto.sha256 } as const

  it('never falls back to naming the box', async () => {
    const { client, server } = await talk(first, { privacy })
    await expect(client.mailbox.fetch(newBox())).rejects.toMatchObject({ code: 'relay-carrier/unsupported' })
    const next = client.mailbox.watch(newBox())[Symbol.asyncIterator]().next()
    await expect(next).rejects.toMatchObject({ code: 'relay-carrier/unsupported' })
    const kinds = new Set(kindsOf(server))
    for (const kind of ['open', 'fetch', 'watch', 'ack']) expect(kinds).not.toContain(kind)
  })

  it('hostile 37: takes no frame whose hint is not its box’s, whatever the relay says', async () => {
    const frame = new Uint8Array(128)
    const { client } = await talk(
      (request) => {
        const id = { request: request.request }
        if (request.kind === 'describe') return { kind: 'description', ...id, fields: [] }
        if (request.kind !== 'bucket-fetch') return agreeable(request)
        const frames = Array.from({ length: 20 }, (_, i) => ({
          cursor: i + 1,
          hint: crypto.randomBytes(8),
          frame,
        }))
        return { kind: 'bucket', ...id, more: false, next: 20, frames }
      },
      { privacy },
    )
    expect(await client.mailbox.fetch(newBox())).toEqual([])
  })
})

describe('looking records up by buckets', () => {
  const all = { bits: 0, prefix: 0 }

  it('is not offered by an older relay, and never becomes a lookup by address', async () => {
    const { client, server } = await talk(first)
    expect(await client.directory.buckets.bits()).toBeUndefined()
    const asked = client.directory.buckets.fetch(all)
    await expect(asked).rejects.toMatchObject({ code: 'relay-carrier/unsupported' })
    expect(kindsOf(server)).toEqual(['describe', 'record-bucket'])
  })

  it('hostile 37: believes no part that brings nothing and promises more, or brings more than was asked for', async () => {
    const hidden = { hint: crypto.randomBytes(8), hidden: crypto.randomBytes(200) }
    let records = [hidden, hidden]
    const next = Uint8Array.of(1)
    const { client } = await talk((request) => {
      if (request.kind !== 'record-bucket') return agreeable(request)
      const salt = crypto.randomBytes(16)
      return { kind: 'record-bucket-part', request: request.request, next, salt, records }
    })
    const { buckets } = client.directory
    await expect(buckets.fetch(all, { limit: 1 })).rejects.toMatchObject({ code: 'relay-carrier/malformed' })
    const part = await buckets.fetch(all, { limit: 2 })
    for (const record of part.records)
      expect(record.open(crypto.randomBytes(32), crypto.sha256)).toBeUndefined()
    records = []
    await expect(buckets.fetch(all)).rejects.toMatchObject({ code: 'relay-carrier/malformed' })
  })

  it('hostile 37: opens a record of another place or answer as none, and a changed one as what does not verify', () => {
    const key = crypto.ed25519.generate()
    const address = crypto.randomBytes(32)
    const record = signDirectoryRecord(crypto, key, { address, sequence: 3, body: crypto.randomBytes(64) })
    const at = { salt: crypto.randomBytes(16), place: 7, sha256: crypto.sha256 }
    const hidden = hideRecord(record, at)
    expect(openHiddenRecord(hidden, address, at)).toEqual(record)
    expect(openHiddenRecord(hidden, address, { ...at, place: 8 })).toBeUndefined()
    expect(openHiddenRecord(hidden, address, { ...at, salt: crypto.randomBytes(16) })).toBeUndefined()
    expect(openHiddenRecord(hidden, crypto.randomBytes(32), at)).toBeUndefined()
    for (const [place, byte] of hidden.hidden.entries()) {
      const changed = { ...hidden, hidden: hidden.hidden.with(place, byte ^ 1) }
      const verified = (): boolean => {
        try {
          const opened = openHiddenRecord(changed, address, at)
          return opened !== undefined && verifyDirectoryRecord(crypto, opened)
        } catch (error) {
          // A sequence that cannot be.
          expect(error).toMatchObject({ code: 'relay-carrier/malformed' })
          return false
        }
      }
      expect(verified()).toBe(false)
    }
  })
})

describe('a channel', () => {
  it('drops the oldest frames of a consumer that is slow', async () => {
    const { client, server } = await talk(agreeable)
    const frames = client.channels.listen(new Uint8Array(32))[Symbol.asyncIterator]()
    const next = frames.next()
    while (!kindsOf(server).includes('listen')) await new Promise((resolve) => setTimeout(resolve, 2))
    const request = server.peers[0]?.requests[0]?.request as number
    const heard = (n: number): Reply => {
      const frame = new Uint8Array(128)
      new DataView(frame.buffer).setUint32(0, n)
      return { kind: 'heard', request, frame }
    }
    server.peers[0]?.reply(heard(0))
    const numberOf = (value: unknown): number => new DataView((value as Uint8Array).buffer).getUint32(0)
    expect(numberOf((await next).value)).toBe(0)
    for (let n = 1; n <= 1000; n++) server.peers[0]?.reply(heard(n))
    await client.blobs.has([new Uint8Array(32)])
    expect(numberOf((await frames.next()).value)).toBe(745)
    await frames.return?.()
  })

  it('does not repeat what it was announcing when the connection ended', async () => {
    const { client, server } = await talk((request, peer) => {
      if (request.kind === 'announce') peer.ws.terminate()
      return undefined
    })
    await expect(client.channels.announce(new Uint8Array(32), new Uint8Array(128))).rejects.toMatchObject({
      code: 'relay-carrier/interrupted',
    })
    expect(
      server.peers.flatMap(({ requests }) => requests.filter(({ kind }) => kind === 'announce')),
    ).toHaveLength(1)
  })
})

describe('a log', () => {
  it('is appended to again after a lost answer, with the same bytes', async () => {
    const { client, server } = await talk((request, peer) => {
      if (peer !== server.peers[0]) return agreeable(request)
      if (request.kind === 'log-append') peer.ws.terminate()
      return undefined
    })
    expect(await client.logs.append(newBox(), 3, Uint8Array.of(1, 2))).toEqual({ appended: true })
    const asked = server.peers.flatMap(({ requests }) => requests.filter(({ kind }) => kind === 'log-append'))
    expect(asked).toHaveLength(2)
    expect(asked.map((one) => (one.kind === 'log-append' ? [one.position, ...one.entry] : []))).toEqual([
      [3, 1, 2],
      [3, 1, 2],
    ])
  })
})
