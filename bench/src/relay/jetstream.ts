// What a relay adds to JetStream, or takes from it: puts through a relay over three servers with three copies, beside
// bare publishing into a stream of the same cluster. 512 bytes, 50 connections, 1,000 boxes or subjects, an id each;
// a message counts when its sender has the acknowledgement. Bare clients spread over the servers.
import { type ChildProcess, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { median, type Report, round } from '../harness.ts'
import { greet } from './hyphae.ts'
import { BOXES, CONNECTIONS, FRAME_BYTES } from './load.ts'
import { ask, openLink } from './nats.ts'
import {
  cpuSeconds,
  freePort,
  listening,
  SERVER_CORE,
  spawnPinned,
  startServer,
  stopped,
  temporaryFolder,
} from './processes.ts'
import { maskedFrame } from './websocket.ts'

const NODES = 3
const WINDOW = 64
const QUICK = process.argv.includes('--quick')
const WARM_UP_SECONDS = QUICK ? 1 : 2
const SECONDS = QUICK ? 2 : 4
const ROUNDS = QUICK ? 3 : 5
const CRLF = '\r\n'
const DEDUPE_NS = 120e9
const SERVER = '/usr/sbin/nats-server'

interface Cluster {
  readonly ports: readonly number[]
  readonly pids: readonly number[]
  stop(): Promise<void>
}

async function startCluster(folder: string): Promise<Cluster> {
  const ports = await Promise.all(Array.from({ length: NODES }, freePort))
  const routes = await Promise.all(Array.from({ length: NODES }, freePort))
  const all = routes.map((route) => `"nats://127.0.0.1:${route}"`).join(', ')
  const children: ChildProcess[] = []
  for (let n = 0; n < NODES; n++) {
    const config = join(folder, `n${n}.conf`)
    writeFileSync(
      config,
      `server_name: n${n}
listen: "127.0.0.1:${ports[n]}"
jetstream { store_dir: "${folder}/store${n}" }
cluster { name: bench, listen: "127.0.0.1:${routes[n]}", routes: [${all}] }
`,
    )
    children.push(spawnPinned(SERVER, ['-c', config], SERVER_CORE))
  }
  for (let n = 0; n < NODES; n++) await listening(ports[n] as number, children[n] as ChildProcess)
  return {
    ports,
    pids: children.map(({ pid }) => pid as number),
    stop: async () => {
      await Promise.all(children.map(stopped))
    },
  }
}

/** A cluster that has just started has no leader for some seconds. */
async function createStream(port: number): Promise<void> {
  const link = await openLink(port)
  link.write(`SUB answer 1${CRLF}`)
  const config = {
    name: 'bare',
    subjects: ['bare.>'],
    storage: 'file',
    num_replicas: NODES,
    duplicate_window: DEDUPE_NS,
  }
  for (let attempt = 0; ; attempt++) {
    const failed = await Promise.race([
      ask(link, '$JS.API.STREAM.CREATE.bare', config).then(
        () => undefined,
        (error: unknown) => error,
      ),
      sleep(2_000, new Error('no answer')),
    ])
    if (failed === undefined) break
    if (attempt === 20) throw failed
    await sleep(500)
  }
  link.socket.destroy()
}

/** One connection that puts: gathers, writes, and calls back once for each acknowledgement. */
interface Sender {
  send(box: number): void
  flush(): void
  close(): void
}

async function bareSender(port: number, index: number, stored: () => void): Promise<Sender> {
  const link = await openLink(port)
  const prefix = randomBytes(6).toString('hex')
  const payload = randomBytes(FRAME_BYTES)
  let sequence = 0
  link.onMessage = (_subject, _reply, answer) => {
    if (answer.includes('"error"')) throw new Error(answer.toString())
    stored()
  }
  link.write(`SUB r${index} 1${CRLF}`)
  link.flush()
  return {
    send: (box) => {
      const headers = `NATS/1.0${CRLF}Nats-Msg-Id:${prefix}${sequence++}${CRLF}${CRLF}`
      const sizes = `${headers.length} ${headers.length + FRAME_BYTES}`
      link.write(`HPUB bare.${box} r${index} ${sizes}${CRLF}${headers}`, payload)
    },
    flush: () => link.flush(),
    close: () => link.socket.destroy(),
  }
}

const PUT = 2
const OK = 129
const MESSAGE_HEADER = 4
const OPERATION_HEADER = 8
const PUT_BYTES = OPERATION_HEADER + 32 + 16 + FRAME_BYTES

function putOf(box: Uint8Array, prefix: Uint8Array, sequence: number): Buffer {
  const out = Buffer.alloc(PUT_BYTES, 7)
  out[0] = PUT
  out.writeUIntLE(PUT_BYTES - OPERATION_HEADER, 1, 3)
  out.writeUInt32LE((sequence % 0xffff_fff0) + 1, 4)
  out.set(box, OPERATION_HEADER)
  out.set(prefix, OPERATION_HEADER + 32)
  out.writeUInt32LE(sequence, OPERATION_HEADER + 44)
  return out
}

async function relaySender(port: number, boxes: readonly Uint8Array[], stored: () => void): Promise<Sender> {
  const { raw } = await greet(port)
  const prefix = randomBytes(12)
  let gathered: Buffer[] = []
  let sequence = 0
  raw.onMessage = (bytes) => {
    for (let at = MESSAGE_HEADER; at < bytes.length; at += OPERATION_HEADER + bytes.readUIntLE(at + 1, 3)) {
      if (bytes[at] !== OK) throw new Error(`the relay answered with code ${bytes[at]}`)
      stored()
    }
  }
  return {
    send: (box) => {
      gathered.push(putOf(boxes[box] as Uint8Array, prefix, sequence++))
    },
    flush: () => {
      const header = Buffer.from([1, gathered.length & 255, gathered.length >> 8, 0])
      raw.socket.write(maskedFrame(Buffer.concat([header, ...gathered])))
      gathered = []
    },
    close: () => raw.socket.destroy(),
  }
}

interface Side {
  readonly name: string
  readonly senders: readonly Sender[]
  readonly counts: { stored: (index: number) => void }
}

async function gatherSide(
  name: string,
  open: (index: number, stored: () => void) => Promise<Sender>,
): Promise<Side> {
  const counts = { stored: (_index: number): void => {} }
  const senders: Sender[] = []
  for (let i = 0; i < CONNECTIONS; i++) senders.push(await open(i, () => counts.stored(i)))
  return { name, senders, counts }
}

/** Keeps `WINDOW` messages of each connection on their way; acknowledged ones a second. */
async function saturate({ senders, counts }: Side, seconds: number): Promise<number> {
  const dirty = new Uint8Array(CONNECTIONS)
  let next = 0
  let running = true
  let inFlight = 0
  let finished = 0
  let scheduled = false
  let drained = (): void => {}
  const flush = (): void => {
    scheduled = false
    for (let i = 0; i < CONNECTIONS; i++) {
      if (dirty[i] === 0) continue
      dirty[i] = 0
      senders[i]?.flush()
    }
  }
  const send = (sender: number): void => {
    // Multiplicative steps visit all boxes in an order that is not the connections'.
    senders[sender]?.send((next++ * 7919) % BOXES)
    dirty[sender] = 1
    inFlight += 1
    if (scheduled) return
    scheduled = true
    setImmediate(flush)
  }
  counts.stored = (sender) => {
    inFlight -= 1
    finished += 1
    if (running) send(sender)
    else if (inFlight === 0) drained()
  }
  const done = new Promise<void>((resolve) => {
    drained = resolve
  })
  for (let i = 0; i < WINDOW * CONNECTIONS; i++) send(i % CONNECTIONS)
  const begun = performance.now()
  await sleep(seconds * 1000)
  const perSecond = (finished * 1000) / (performance.now() - begun)
  running = false
  await done
  return perSecond
}

async function measureSides(sides: readonly Side[]): Promise<Map<string, number>> {
  const samples = new Map<string, number[]>(sides.map(({ name }) => [name, []]))
  for (const side of sides) await saturate(side, WARM_UP_SECONDS)
  for (let i = 0; i < ROUNDS; i++)
    for (let k = 0; k < sides.length; k++) {
      const side = sides[(i + k) % sides.length] as Side
      samples.get(side.name)?.push(await saturate(side, SECONDS))
    }
  return new Map([...samples].map(([name, values]) => [name, median(values)]))
}

/** Figures `jetstreamR3PerSecond`, `relayOverR3PerSecond`; ratio `jetstreamR3VsBare`. */
export async function jetstreamRows(report: Report): Promise<void> {
  const folder = temporaryFolder()
  const cluster = await startCluster(folder.path)
  try {
    await createStream(cluster.ports[0] as number)
    const servers = cluster.ports.map((port) => `127.0.0.1:${port}`).join(',')
    const relay = await startServer('shared-relay', [folder.path, servers])
    const boxes = Array.from({ length: BOXES }, () => Uint8Array.from(randomBytes(32)))
    const sides = [
      await gatherSide('bare', (i, stored) => bareSender(cluster.ports[i % NODES] as number, i, stored)),
      await gatherSide('relay', (_i, stored) => relaySender(relay.port, boxes, stored)),
    ]
    const cpu = cpuSeconds(relay.pid)
    const perSecond = await measureSides(sides)
    report.figures.jetstreamR3PerSecond = round(perSecond.get('bare') as number, 0)
    report.figures.relayOverR3PerSecond = round(perSecond.get('relay') as number, 0)
    report.figures.relayOverR3CpuSeconds = round(cpuSeconds(relay.pid) - cpu)
    report.ratios.jetstreamR3VsBare = round(
      (perSecond.get('relay') as number) / (perSecond.get('bare') as number),
    )
    for (const { senders } of sides) for (const sender of senders) sender.close()
    await relay.stop()
  } finally {
    await cluster.stop()
    folder.remove()
  }
}

/** Why it cannot be measured here; undefined: it can. */
export function jetstreamMissing(): string | undefined {
  try {
    execFileSync(SERVER, ['--version'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'nats-server is not installed'
  }
}
