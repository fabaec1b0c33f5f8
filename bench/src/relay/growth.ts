// What a million frames and a million mailboxes take of disk and memory, and what a fetch costs among them.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { openProof } from '@hyphae/transport-relay/wire'
import { median, type Report, round } from '../harness.ts'
import { begin, emptyMessage, finish, greet } from './hyphae.ts'
import { FRAME_BYTES } from './load.ts'
import { residentBytes, SERVER_CORE, type Server, spawnChild, stopped, temporaryFolder } from './processes.ts'
import { type Asker, openAsker } from './waiting.ts'
import { maskedFrame } from './websocket.ts'

const MILLION = process.argv.includes('--quick') ? 100_000 : 1_000_000
const FEW = 1_000
const FETCHES = 200
const ROUNDS = 5
const PUT = 2
const PUT_BYTES = 8 + 32 + 16 + FRAME_BYTES
const PER_MESSAGE = 256
const IN_FLIGHT = 4_096
const MIB = 1024 * 1024

interface Collected extends Server {
  /** Resident bytes without garbage. */
  held(): Promise<number>
}

async function startCollected(folder: string): Promise<Collected> {
  const { child, said } = await spawnChild('relay', [folder], SERVER_CORE, ['--expose-gc'])
  return {
    pid: child.pid as number,
    port: Number(said),
    stop: () => stopped(child),
    held: async () => {
      const collected = new Promise((resolve) => child.stdout?.once('data', resolve))
      child.stdin?.write('collect\n')
      await collected
      return residentBytes(child.pid as number)
    },
  }
}

/** Puts one frame into each box that `boxOf` names, `count` times; resolves when all are acknowledged. */
async function fill(port: number, count: number, boxOf: (i: number) => Uint8Array): Promise<void> {
  const { raw } = await greet(port)
  const message = emptyMessage()
  const prefix = randomBytes(12)
  let sent = 0
  let stored = 0
  await new Promise<void>((resolve, reject) => {
    const send = (): void => {
      while (sent < count && sent - stored < IN_FLIGHT) {
        for (let i = 0; i < PER_MESSAGE && sent < count; i++, sent++) {
          const at = message.length
          const out = begin(message, PUT, PUT_BYTES, (sent % 1_000_000) + 1)
          out.set(boxOf(sent), at + 8)
          out.set(prefix, at + 40)
          out.writeUInt32LE(sent, at + 52)
        }
        raw.socket.write(maskedFrame(finish(message)))
      }
    }
    raw.onMessage = (answer) => {
      stored += answer.readUInt16LE(1)
      if (answer.length !== 4 + 8 * answer.readUInt16LE(1)) reject(new Error('a put was refused'))
      if (stored === count) resolve()
      else send()
    }
    send()
  })
  raw.socket.destroy()
}

function diskBytes(folder: string): number {
  return Number(execFileSync('du', ['-sB1', folder], { encoding: 'utf8' }).split('\t')[0])
}

type KeyPair = ReturnType<typeof crypto.ed25519.generate>

async function openBoxes(asker: Asker, keys: readonly KeyPair[]): Promise<void> {
  const proof = (key: KeyPair): Uint8Array =>
    crypto.ed25519.sign(key, openProof(asker.challenge, '127.0.0.1', key.publicKey))
  await asker.ask(keys.map((key) => ({ kind: 'open', box: key.publicKey, signature: proof(key) })))
}

/** Median µs of fetching the one frame of a box. */
async function fetchMicros(asker: Asker, keys: readonly KeyPair[]): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < ROUNDS; i++) {
    for (const { publicKey } of keys) {
      const begun = performance.now()
      const [page] = await asker.ask([{ kind: 'fetch', box: publicKey, after: 0, limit: 10 }])
      times.push((performance.now() - begun) * 1000)
      if (page?.kind !== 'deliveries' || page.deliveries.length !== 1)
        throw new Error('the frame is not there')
    }
  }
  return median(times)
}

/** A name that no key has. */
function strangeBox(i: number): Uint8Array {
  const box = Buffer.alloc(32)
  box.writeUInt32LE(Math.imul(i, 0x9e3779b1) >>> 0, 0)
  box.writeUInt32LE(i, 4)
  return box
}

async function manyBoxes({ figures }: Report): Promise<void> {
  const folder = temporaryFolder()
  let server = await startCollected(folder.path)
  const keys = Array.from({ length: FETCHES }, () => crypto.ed25519.generate())
  await fill(server.port, FETCHES, (i) => (keys[i] as KeyPair).publicKey)
  await fill(server.port, FEW - FETCHES, strangeBox)
  // Begun again, so that the frames are read from where frames lie for long.
  await server.stop()
  server = await startCollected(folder.path)
  const asker = await openAsker(server.port)
  await openBoxes(asker, keys)
  await fetchMicros(asker, keys)
  figures.fetchAmong1000BoxesUs = round(await fetchMicros(asker, keys), 0)
  const before = await server.held()
  await fill(server.port, MILLION - FEW, (i) => strangeBox(FEW + i))
  figures.memoryMiBPerMillionBoxes = round(((await server.held()) - before) / MIB / (MILLION / 1e6), 0)
  figures.diskMiBPerMillionBoxes = round(diskBytes(folder.path) / MIB / (MILLION / 1e6), 0)
  figures.fetchAmongMillionBoxesUs = round(await fetchMicros(asker, keys), 0)
  asker.close()
  await server.stop()
  const begun = performance.now()
  server = await startCollected(folder.path)
  figures.startSecondsWithMillionBoxes = round((performance.now() - begun) / 1000)
  await server.stop()
  folder.remove()
}

async function manyFrames({ figures }: Report): Promise<void> {
  const folder = temporaryFolder()
  const server = await startCollected(folder.path)
  const before = await server.held()
  const begun = performance.now()
  await fill(server.port, MILLION, (i) => strangeBox(i % FEW))
  figures.putsPerSecondOneConnection = round((MILLION * 1000) / (performance.now() - begun), 0)
  figures.memoryMiBPerMillionFrames = round(((await server.held()) - before) / MIB / (MILLION / 1e6), 0)
  figures.diskMiBPerMillionFrames = round(diskBytes(folder.path) / MIB / (MILLION / 1e6), 0)
  await server.stop()
  folder.remove()
}

export async function growthRows(report: Report): Promise<void> {
  await manyBoxes(report)
  await manyFrames(report)
}
