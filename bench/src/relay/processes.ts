// Servers as processes of their own: on one core, while the clients have the other. What they cost comes from /proc.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, connect as dial, type Socket } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

/** Clock ticks a second in /proc/<pid>/stat, on every Linux this runs on. */
const TICKS_PER_SECOND = 100

const PINNED = existsSync('/usr/bin/taskset') && availableParallelism() >= 2

/** Servers run on core 0. */
export const SERVER_CORE = 0
const CLIENT_CORE = 1

export interface Server {
  readonly pid: number
  readonly port: number
  stop(): Promise<void>
}

/** Moves this process, with all its threads, to the clients' core. */
export function pinClients(): void {
  if (PINNED) execFileSync('taskset', ['-acp', String(CLIENT_CORE), String(process.pid)], { stdio: 'ignore' })
}

export function spawnPinned(command: string, args: readonly string[], core?: number): ChildProcess {
  const stdio = ['pipe', 'pipe', process.env.HYPHAE_BENCH_STDERR === '1' ? 'inherit' : 'ignore'] as const
  return PINNED && core !== undefined
    ? spawn('taskset', ['-c', String(core), command, ...args], { stdio: [...stdio] })
    : spawn(command, args, { stdio: [...stdio] })
}

export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'hyphae-bench-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

export async function connectTo(port: number, host = '127.0.0.1', localAddress?: string): Promise<Socket> {
  const socket = dial({ port, host, noDelay: true, ...(localAddress === undefined ? {} : { localAddress }) })
  await once(socket, 'connect')
  return socket
}

/** Waits until something listens. */
export async function listening(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`)
    const socket = await connectTo(port).catch(() => undefined)
    if (socket !== undefined) {
      socket.destroy()
      return
    }
    await sleep(25)
  }
  throw new Error(`nothing listens at port ${port}`)
}

export async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.stdin?.end()
  child.kill('SIGTERM')
  const late = sleep(5_000, 'late')
  if ((await Promise.race([exited, late])) === 'late') child.kill('SIGKILL')
  await exited
}

/** What a program of ./children says when it can be used. */
const READY = 'ready '

/**
 * A program of ./children as JavaScript. A process that loads TypeScript has a thread for that, which collects its garbage
 * on the server's core while the server is measured. Where it lies its packages are found.
 */
function compiled(name: string): string {
  const outfile = fileURLToPath(new URL(`../../node_modules/.children/${name}.mjs`, import.meta.url))
  const entry = fileURLToPath(new URL(`./children/${name}.ts`, import.meta.url))
  buildSync({
    entryPoints: [entry],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
  })
  return outfile
}

/** A program of ./children; resolves with what it says when it is ready. */
export async function spawnChild(
  name: string,
  args: readonly string[],
  core?: number,
  nodeFlags: readonly string[] = [],
): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  // To profile what is measured: `--cpu-prof`, `--trace-gc`.
  const flags = (process.env.HYPHAE_BENCH_NODE_FLAGS ?? '').split(' ').filter((flag) => flag !== '')
  const child = spawnPinned(process.execPath, [...flags, ...nodeFlags, compiled(name), ...args], core)
  if (child.stdout === null) throw new Error('no output')
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`${name} ended with ${code}`)
  })
  died.catch(() => {})
  if (process.env.HYPHAE_BENCH_STDERR === '1') child.stdout.pipe(process.stderr)
  const ready = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout as Readable }).on('line', (line) => {
      if (line.startsWith(READY)) resolve(line.slice(READY.length))
    })
  })
  const said = await Promise.race([ready, died])
  return { child, said }
}

/** A program of ./children that prints its port. */
export async function startServer(
  name: string,
  args: readonly string[],
  core = SERVER_CORE,
  nodeFlags: readonly string[] = [],
): Promise<Server> {
  const { child, said } = await spawnChild(name, args, core, nodeFlags)
  return { pid: child.pid as number, port: Number(said), stop: () => stopped(child) }
}

/** Seconds of CPU a process has used, all its threads. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Resident bytes of a process. */
export function residentBytes(pid: number): number {
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(found?.[1] ?? 0) * 1024
}
