// 100,000 authenticated sockets held at once: servers and clients in as many processes as the limit on open files asks for.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { type Report, round } from '../harness.ts'
import { residentBytes, spawnChild, stopped, temporaryFolder } from './processes.ts'

/** `--quick`: a look, not a result. */
const QUICK = process.argv.includes('--quick')
const SOCKETS = QUICK ? 12_000 : 100_000
const PROCESSES = QUICK ? 2 : 6
const MARGIN = 100
/** Sockets that come before the count begins: they use up what starting has left free. */
const FIRST_PART = 0.25
/** Collects garbage on demand: what is left is what connections hold. */
const FLAGS = ['--expose-gc']

interface Server {
  readonly child: ChildProcess
  readonly port: number
  before: number
}

async function settledBytes({ child }: Server): Promise<number> {
  for (let i = 0; i < 2; i++) {
    child.stdin?.write('collect\n')
    if (child.stdout !== null) await once(child.stdout, 'data')
  }
  return residentBytes(child.pid as number)
}

/** Resolves with how many were authenticated. */
async function connectAll(
  servers: readonly Server[],
  clients: ChildProcess[],
  count: number,
): Promise<number> {
  const each = Math.ceil(count / servers.length)
  const held = servers.map(async ({ port }, i) => {
    const part = Math.max(0, Math.min(each, count - i * each))
    const { child, said } = await spawnChild('idle-clients', [String(port), String(part)])
    clients.push(child)
    return Number(said)
  })
  return (await Promise.all(held)).reduce((sum, one) => sum + one, 0)
}

export async function idleRows({ figures }: Report): Promise<void> {
  const each = Math.ceil(SOCKETS / PROCESSES)
  const folders = Array.from({ length: PROCESSES }, temporaryFolder)
  const servers: Server[] = []
  const clients: ChildProcess[] = []
  try {
    for (const { path } of folders) {
      const { child, said } = await spawnChild('idle-server', [path, String(each + MARGIN)], undefined, FLAGS)
      servers.push({ child, port: Number(said), before: 0 })
    }
    const begun = performance.now()
    const first = await connectAll(servers, clients, Math.round(SOCKETS * FIRST_PART))
    for (const server of servers) server.before = await settledBytes(server)
    const rest = await connectAll(servers, clients, SOCKETS - first)
    figures.idleSockets = first + rest
    figures.idleConnectSeconds = round((performance.now() - begun) / 1000, 1)
    let grown = 0
    for (const server of servers) grown += (await settledBytes(server)) - server.before
    figures.idleKiBPerSocket = round(grown / rest / 1024)
  } finally {
    for (const child of [...clients, ...servers.map((server) => server.child)]) await stopped(child)
    for (const folder of folders) folder.remove()
  }
}
