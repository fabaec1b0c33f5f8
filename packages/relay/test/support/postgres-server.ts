/** A PostgreSQL server on loopback in a temporary folder, to be killed and started again. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { chown } from 'node:fs/promises'
import { getuid } from 'node:process'
import pg from 'pg'
import { accepting, freePort } from './nats-servers.js'
import { temporaryFolder } from './relay.js'

export interface PostgresServer {
  readonly url: string
  /** SIGKILL to the server and, with it gone, to all it started. */
  crash(): Promise<void>
  start(): Promise<void>
  dispose(): Promise<void>
}

/** Where Debian keeps the servers, newest first; elsewhere they may be on the path. */
function findPrograms(): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...versions.map((version) => `${root}/${version}/bin`),
    ...(process.env.PATH ?? '').split(':'),
  ]
  return folders.find((folder) => existsSync(`${folder}/initdb`) && existsSync(`${folder}/postgres`))
}

/** The server refuses to run as root. */
function userOf(): { uid: number; gid: number } | Record<string, never> | undefined {
  if (getuid?.() !== 0) return {}
  try {
    const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { stdio: 'pipe' }))
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    return undefined
  }
}

const programs = findPrograms()
const user = userOf()

export const POSTGRES_MISSING: string | undefined =
  programs === undefined || user === undefined ? 'PostgreSQL is not installed' : undefined

const urlOf = (port: number): string => `postgres://relay@127.0.0.1:${port}/postgres`

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** It listens before it answers: after a crash it reads its log first. */
async function answering(port: number): Promise<void> {
  for (;;) {
    const client = new pg.Client(urlOf(port))
    client.on('error', () => {})
    const ready = await client.connect().then(
      () => true,
      () => false,
    )
    await client.end().catch(() => {})
    if (ready) return
    await sleep(50)
  }
}

/** Started again until it runs: after a crash the memory of the server before may still be in use. */
async function run(folder: string, port: number, settings: readonly string[]): Promise<ChildProcess> {
  for (;;) {
    const args = [
      '-D',
      folder,
      '-p',
      String(port),
      '-k',
      folder,
      '-c',
      'listen_addresses=127.0.0.1',
      ...settings,
    ]
    const child = spawn(`${programs}/postgres`, args, { stdio: 'ignore', ...user })
    try {
      await accepting(port, () => child.exitCode !== null)
      await answering(port)
      return child
    } catch {
      await sleep(100)
    }
  }
}

/** What survives the loss of the machine is not asked: what is killed is a process, and the system keeps its writes. */
const UNSYNCED = ['-c', 'fsync=off', '-c', 'full_page_writes=off']

export async function startPostgres({ synced = true } = {}): Promise<PostgresServer> {
  const settings = synced ? [] : UNSYNCED
  const folder = await temporaryFolder()
  if (user !== undefined && 'uid' in user) await chown(folder.path, user.uid, user.gid)
  const options = ['-D', folder.path, '-U', 'relay', '-A', 'trust', '-E', 'UTF8', '--no-locale', '-N']
  execFileSync(`${programs}/initdb`, options, { stdio: 'pipe', cwd: '/', ...user })
  const port = await freePort()
  let child: ChildProcess | undefined = await run(folder.path, port, settings)
  const crash = async (): Promise<void> => {
    const dying = child
    child = undefined
    if (dying === undefined) return
    const exited = once(dying, 'exit')
    dying.kill('SIGKILL')
    await exited
  }
  return {
    url: urlOf(port),
    crash,
    start: async () => {
      child ??= await run(folder.path, port, settings)
    },
    dispose: async () => {
      await crash()
      // What it started ends when it notices, and may still be writing.
      await sleep(200)
      await folder.remove()
    },
  }
}
