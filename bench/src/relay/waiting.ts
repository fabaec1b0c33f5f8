// What a node waits for when it comes online: 1,000 frames, and the bundle of whoever it writes to first.
import { randomBytes } from 'node:crypto'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { signDirectoryRecord, signStockUpload } from '@hyphae/tlv'
import {
  decodeReplies,
  encodeRequests,
  openProof,
  type Reply,
  type Request,
} from '@hyphae/transport-relay/wire'
import { median, type Report, round } from '../harness.ts'
import { greet, startRelayServer } from './hyphae.ts'
import { FRAME_BYTES } from './load.ts'
import { type Server, temporaryFolder } from './processes.ts'
import { maskedFrame } from './websocket.ts'

const WAITING = 1_000
const RETURNS = 31
const HOST = '127.0.0.1'

const READERS = 10
/** Of each reader. In a third of a second, as fewer take, one moment of a busy machine would be the slowest hundredth. */
const BUNDLES = 1_000
/** Until server and client run warm. */
const COLD_BUNDLES = 100
const RECORD_BYTES = 600
const ITEM_BYTES = 1_300
const UPLOAD_ITEMS = 250

type Unnumbered<R> = R extends Request ? Omit<R, 'request'> : never

/** A connection that asks and waits for all answers. */
export interface Asker {
  readonly challenge: Uint8Array
  ask(requests: readonly Unnumbered<Request>[]): Promise<Reply[]>
  close(): void
}

export async function openAsker(port: number): Promise<Asker> {
  const { raw, challenge } = await greet(port)
  let replies: Reply[] = []
  let wanted = 0
  let done: (replies: Reply[]) => void = () => {}
  raw.onMessage = (message) => {
    replies.push(...decodeReplies(Uint8Array.from(message)))
    if (replies.length >= wanted) done(replies)
  }
  return {
    challenge,
    ask: (requests) =>
      new Promise((resolve) => {
        replies = []
        wanted = requests.length
        done = resolve
        raw.socket.write(
          maskedFrame(encodeRequests(requests.map((one, i) => ({ ...one, request: i + 1 }) as Request))),
        )
      }),
    close: () => raw.socket.destroy(),
  }
}

function expectOk(replies: readonly Reply[]): void {
  const other = replies.find(({ kind }) => kind !== 'ok')
  if (other !== undefined) throw new Error(`expected ok, got ${JSON.stringify(other)}`)
}

type KeyPair = ReturnType<typeof crypto.ed25519.generate>

/** From dialling to the last frame, in ms. */
async function comeBack({ port }: Server, key: KeyPair): Promise<number> {
  const begun = performance.now()
  const asker = await openAsker(port)
  const box = key.publicKey
  const signature = crypto.ed25519.sign(key, openProof(asker.challenge, HOST, box))
  let got = 0
  let replies = await asker.ask([
    { kind: 'open', box, signature },
    { kind: 'fetch', box, after: 0, limit: WAITING },
  ])
  for (;;) {
    const page = replies.find((reply) => reply.kind === 'deliveries')
    if (page?.kind !== 'deliveries') throw new Error('no deliveries')
    got += page.deliveries.length
    if (!page.more) break
    const after = page.deliveries.at(-1)?.cursor as number
    replies = await asker.ask([{ kind: 'fetch', box, after, limit: WAITING }])
  }
  const spent = performance.now() - begun
  asker.close()
  if (got !== WAITING) throw new Error(`${got} frames came`)
  return spent
}

async function returns(server: Server): Promise<number> {
  const key = crypto.ed25519.generate()
  const sender = await openAsker(server.port)
  const puts = Array.from({ length: WAITING }, () => ({
    kind: 'put' as const,
    box: key.publicKey,
    id: new Uint8Array(randomBytes(16)),
    frame: new Uint8Array(randomBytes(FRAME_BYTES)),
  }))
  expectOk(await sender.ask(puts))
  sender.close()
  const times: number[] = []
  for (let i = 0; i < RETURNS; i++) times.push(await comeBack(server, key))
  return median(times)
}

interface Shelf {
  readonly address: Uint8Array
  readonly writer: Uint8Array
}

/** A record at an address, and a stock of its writer. */
async function fillShelf(server: Server): Promise<Shelf> {
  const key = crypto.ed25519.generate()
  const address = new Uint8Array(randomBytes(32))
  const owner = await openAsker(server.port)
  const body = new Uint8Array(randomBytes(RECORD_BYTES))
  const record = signDirectoryRecord(crypto, key, { address, sequence: 1, body })
  expectOk(await owner.ask([{ kind: 'publish', record }]))
  for (let sequence = 1; sequence <= BUNDLES / UPLOAD_ITEMS; sequence++) {
    const items = Array.from({ length: UPLOAD_ITEMS }, () => new Uint8Array(randomBytes(ITEM_BYTES)))
    const upload = { kind: 1, sequence, items, lastResort: new Uint8Array(0), replace: false }
    expectOk(await owner.ask([{ kind: 'stock', upload: signStockUpload(crypto, key, upload) }]))
  }
  owner.close()
  return { address, writer: key.publicKey }
}

/** The record at an address and one of its writer's one-time items, again and again; ms of each but the first few. */
async function readShelf(server: Server, { address, writer }: Shelf): Promise<number[]> {
  const asker = await openAsker(server.port)
  const times: number[] = []
  for (let i = 0; i < BUNDLES; i++) {
    const begun = performance.now()
    const [records, item] = await asker.ask([
      { kind: 'lookup', address },
      { kind: 'take', writer, stock: 1 },
    ])
    if (i >= COLD_BUNDLES) times.push(performance.now() - begun)
    const kinds = [records?.kind, item?.kind].sort().join()
    if (kinds !== 'item,records') throw new Error(`got ${kinds}`)
  }
  asker.close()
  return times
}

/** Of as many readers as shelves, at once. */
async function bundles(server: Server): Promise<number[]> {
  const shelves: Shelf[] = []
  for (let i = 0; i < READERS; i++) shelves.push(await fillShelf(server))
  const times = await Promise.all(shelves.map((shelf) => readShelf(server, shelf)))
  return times.flat().sort((a, b) => a - b)
}

export async function waitingRows({ figures }: Report): Promise<void> {
  const folder = temporaryFolder()
  const server = await startRelayServer(folder.path)
  figures.fetch1000Ms = round(await returns(server))
  const times = await bundles(server)
  figures.bundleFetchP50Ms = round(median(times))
  figures.bundleFetchMs = round(times[Math.floor(times.length * 0.99)] as number)
  await server.stop()
  folder.remove()
}
