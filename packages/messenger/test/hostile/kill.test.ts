/** Real processes, a real relay, real disks, and SIGKILL at moments nobody chose. */
import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startRelay } from '@hyphae/relay'
import { levelStore } from '@hyphae/store/level'
import { relay } from '@hyphae/transport-relay'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createMessenger, type Messenger } from '../../src/index.js'
import { openNode } from '../nodes.js'

const MESSAGES = 60
const KILLS = 8
const SOON_MS = 20_000
const built = existsSync(fileURLToPath(new URL('../../dist/index.js', import.meta.url)))

interface Shown {
  readonly text: string
  readonly redelivered: boolean
}

function spawn(url: string, folder: string, shown: Shown[], started: (id: string) => void): ChildProcess {
  const file = fileURLToPath(new URL('./kill-child.ts', import.meta.url))
  const env = {
    ...process.env,
    TSX_TSCONFIG_PATH: fileURLToPath(new URL('../../../../tsconfig.base.json', import.meta.url)),
  }
  const child = fork(file, [url, folder], { execArgv: ['--import', 'tsx'], env })
  child.on('message', (message: { id?: string } & Shown) => {
    if (message.id !== undefined) started(message.id)
    else shown.push(message)
  })
  return child
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + SOON_MS; !(await holds()); ) {
    if (Date.now() > end) throw new Error('it did not come to pass in time')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const texts = (count: number, prefix = ''): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}m${i}`)

describe.skipIf(!built)('kills (needs the build)', () => {
  it(`hostile 30: ${KILLS} SIGKILLs under load lose nothing and show nothing twice`, {
    timeout: 90_000,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hyphae-kill-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const server = await startRelay({ data: join(folder, 'relay') })
    onTestFinished(() => server.close())
    const alice = await openNode(relay(server.url))
    const shown: Shown[] = []
    let child: ChildProcess | undefined
    const start = (): Promise<string> =>
      new Promise((resolve) => {
        child = spawn(server.url, join(folder, 'bob'), shown, resolve)
      })
    onTestFinished(() => void child?.kill('SIGKILL'))

    const chat = await alice.conversation(await start())
    const sending = sendSlowly(chat)
    for (let kill = 1; kill <= KILLS; kill++) {
      const at = Math.floor((MESSAGES * kill) / (KILLS + 1))
      await until(() => shown.length >= at)
      await killAndWait(child)
      await start()
    }
    await sending
    await until(() => new Set(shown.map((one) => one.text)).size === MESSAGES)
    await killAndWait(child)

    const firsts = shown.filter((one) => !one.redelivered).map((one) => one.text)
    expect(new Set(firsts).size).toBe(firsts.length)
    expect([...new Set(shown.map((one) => one.text))]).toEqual(texts(MESSAGES))
    const bob = await createMessenger({
      transports: [relay(server.url)],
      store: await levelStore(join(folder, 'bob'), { key: new Uint8Array(32).fill(7) }),
    })
    const log = await (await bob.conversation(alice.id)).history({ limit: 1000 })
    expect(log.filter((one) => one.direction === 'in').map((one) => one.text)).toEqual(texts(MESSAGES))
    const queued = log.filter((one) => one.direction === 'out').map((one) => one.text)
    await until(async () => (await received(alice, bob)).length >= queued.length)
    expect(await received(alice, bob)).toEqual(queued)
    await bob.close()
  })
})

async function sendSlowly(chat: Awaited<ReturnType<Messenger['conversation']>>): Promise<void> {
  for (const text of texts(MESSAGES)) {
    await chat.send(text)
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
}

async function killAndWait(child: ChildProcess | undefined): Promise<void> {
  const exited = new Promise((resolve) => child?.once('exit', resolve))
  child?.kill('SIGKILL')
  await exited
}

async function received(node: Messenger, peer: Messenger): Promise<(string | undefined)[]> {
  const history = await (await node.conversation(peer.id)).history({ limit: 1000 })
  return history.filter((one) => one.direction === 'in').map((one) => one.text)
}
