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
  child: ChildProcess | undefined
}

function configOf(n: number, folder: string, port: number, routes: readonly number[]): string {
  const cluster =
    routes.length === 1
      ? ''
      : `cluster { name: test, listen: "127.0.0.1:${routes[n]}", routes: [${routes
          .map((route) => `"nats://127.0.0.1:${route}"`)
          .join(', ')}] }\n`
  return `server_name: n${n}\nlisten: "127.0.0.1:${port}"\njetstream { store_dir: "${join(folder, `store${n}`)}" }\n${cluster}`
}

interface StreamState {
  readonly cluster?: {
    readonly leader?: string
    readonly replicas?: readonly { readonly current: boolean }[]
  }
}

async function isSettled(connection: NatsConnection): Promise<boolean> {
  const { streams } = (await connection.request('$JS.API.STREAM.NAMES', '', { timeout: 1_000 })).json<{
    streams: readonly string[] | null
  }>()
  for (const stream of streams ?? []) {
    const reply = await connection.request(`$JS.API.STREAM.INFO.${stream}`, '', { timeout: 1_000 })
    const { cluster } = reply.json<StreamState>()
    if (cluster?.leader === undefined || cluster.replicas?.some(({ current }) => !current)) return false
  }
  return true
}

async function untilSettled(servers: readonly string[]): Promise<void> {
  const connection = await connect({ servers: [...servers] })
  while (!(await isSettled(connection).catch(() => false))) await sleep(200)
  await connection.close()
}

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
    const config = join(folder.path, `n${n}.conf`)
    await writeFile(config, configOf(n, folder.path, port, routes))
    nodes.push({ config, port, child: undefined })
  }
  await Promise.all(nodes.map(run))
  const at = (n: number): Node => nodes[n] as Node
  return {
    servers: nodes.map(({ port }) => `127.0.0.1:${port}`),
    kill: (n) => end(at(n)),
    start: (n) => run(at(n)),
    settled: () => untilSettled(nodes.map(({ port }) => `127.0.0.1:${port}`)),
    dispose: async () => {
      await Promise.all(nodes.map(end))
      await folder.remove()
    },
  }
}
