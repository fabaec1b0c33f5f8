/** NATS servers on loopback, alone or as a cluster, in a temporary folder, to be killed and started again. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, connect as dial } from 'node:net'
import { join } from 'node:path'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { temporaryFolder } from './relay.js'

export interface NatsServers {
  /** `host:port` of each. */
  readonly servers: readonly string[]
  kill(n: number): Promise<void>
  start(n: number): Promise<void>
  /** Resolves when every stream has a leader and all its copies are up to date. */
  settled(): Promise<void>
  dispose(): Promise<void>
}

export const NATS_MISSING: string | undefined =
  spawnSync('nats-server', ['--version']).status === 0 ? undefined : 'nats-server is not installed'

export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Resolves when something accepts connections there. */
export async function accepting(port: number, ended: () => boolean): Promise<void> {
  for (;;) {
    if (ended()) throw new Error('the server ended before it listened')
    const socket = dial(port, '127.0.0.1')
    const open = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (open) return
    await sleep(25)
  }
}

interface Node {
  readonly config: string
  readonly port: number
  readonly monitor: number
  child: ChildProcess | undefined
}

function configOf(
  n: number,
  folder: string,
  port: number,
  monitor: number,
  routes: readonly number[],
): string {
  const cluster =
    routes.length === 1
      ? ''
      : `cluster { name: test, listen: "127.0.0.1:${routes[n]}", routes: [${routes
          .map((route) => `"nats://127.0.0.1:${route}"`)
          .join(', ')}] }\n`
  return `server_name: n${n}\nlisten: "127.0.0.1:${port}"\nhttp: "127.0.0.1:${monitor}"\njetstream { store_dir: "${join(folder, `store${n}`)}" }\n${cluster}`
}

interface StreamState {
  readonly state?: { readonly last_seq: number }
  readonly cluster?: {
    readonly leader?: string
    readonly replicas?: readonly { readonly current: boolean }[]
  }
}

interface Streams {
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly name: string
      readonly state: { readonly last_seq: number }
    }[]
  }[]
}

/** What the leaders have, by stream; undefined while one has no leader. */
async function leaderEnds(connection: NatsConnection): Promise<Map<string, number> | undefined> {
  const ends = new Map<string, number>()
  const { streams } = (await connection.request('$JS.API.STREAM.NAMES', '', { timeout: 1_000 })).json<{
    streams: readonly string[] | null
  }>()
  for (const stream of streams ?? []) {
    const reply = await connection.request(`$JS.API.STREAM.INFO.${stream}`, '', { timeout: 1_000 })
    const { cluster, state } = reply.json<StreamState>()
    if (state === undefined || cluster?.leader === undefined) return undefined
    ends.set(stream, state.last_seq)
  }
  return ends
}

/** What a server itself has. */
async function ownEnds(monitor: number): Promise<Map<string, number>> {
  const answer = await fetch(`http://127.0.0.1:${monitor}/jsz?streams=true`)
  const { account_details: accounts = [] } = (await answer.json()) as Streams
  const streams = accounts.flatMap(({ stream_detail: details = [] }) => details)
  return new Map(streams.map(({ name, state }) => [name, state.last_seq]))
}

/** Asks every server for itself: what a leader says of the copies is early by some seconds after a restart. */
async function untilSettled(nodes: readonly Node[]): Promise<void> {
  const connection = await connect({ servers: nodes.map(({ port }) => `127.0.0.1:${port}`) })
  for (let calm = 0; calm < CALM_CHECKS; ) {
    await sleep(300)
    const ends = await leaderEnds(connection).catch(() => undefined)
    const own = await Promise.all(nodes.map(({ monitor }) => ownEnds(monitor).catch(() => undefined)))
    const there = [...(ends ?? [])].every(([stream, end]) =>
      own.every((node) => (node?.get(stream) ?? -1) >= end),
    )
    calm = ends !== undefined && there ? calm + 1 : 0
  }
  await connection.close()
}

/** One check may fall between two elections. */
const CALM_CHECKS = 3

async function run(node: Node): Promise<void> {
  const child = spawn('nats-server', ['-c', node.config], { stdio: 'ignore' })
  node.child = child
  await accepting(node.port, () => child.exitCode !== null)
}

async function end(node: Node): Promise<void> {
  const { child } = node
  node.child = undefined
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

export async function startNats(count: 1 | 3): Promise<NatsServers> {
  const folder = await temporaryFolder()
  const routes = await Promise.all(Array.from({ length: count }, freePort))
  const nodes: Node[] = []
  for (let n = 0; n < count; n++) {
    const port = await freePort()
    const monitor = await freePort()
    const config = join(folder.path, `n${n}.conf`)
    await writeFile(config, configOf(n, folder.path, port, monitor, routes))
    nodes.push({ config, port, monitor, child: undefined })
  }
  await Promise.all(nodes.map(run))
  const at = (n: number): Node => nodes[n] as Node
  return {
    servers: nodes.map(({ port }) => `127.0.0.1:${port}`),
    kill: (n) => end(at(n)),
    start: (n) => run(at(n)),
    settled: () => untilSettled(nodes),
    dispose: async () => {
      await Promise.all(nodes.map(end))
      await folder.remove()
    },
  }
}
