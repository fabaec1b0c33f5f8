/** Two real processes that share one store, which does not stop them (spec/session.md, "Generations"): hostile 34. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { openSessions } from '../../src/sessions.js'
import { crypto, device, NOW } from '../support.js'
import { fileStore } from './children/file-store.js'
import { accept, begin, bundleOf, newNode, type TestNode, testClock } from './support.js'

const MESSAGES = 40
const root = fileURLToPath(new URL('../../../../', import.meta.url))

interface Sealer {
  readonly process: ChildProcess
  readonly lines: string[]
  readonly ready: Promise<void>
  readonly ended: Promise<void>
}

function startSealer(path: string, name: string): Sealer {
  const script = fileURLToPath(new URL('./children/sealer.ts', import.meta.url))
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', script, path, name, String(MESSAGES), String(NOW)],
    {
      cwd: root,
      env: { ...process.env, TSX_TSCONFIG_PATH: `${root}tsconfig.json` },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: string[] = []
  let rest = ''
  let begun = (): void => {}
  const ready = new Promise<void>((resolve) => {
    begun = resolve
  })
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
    if (lines.includes('ready')) begun()
  })
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
  })
  return { process: child, lines, ready, ended }
}

it('hostile 34: two processes on one store use no key twice, and each learns of the other', {
  timeout: 60_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hyphae-shared-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'alice')
  const own = device()
  const { signing, agreement } = own.keys
  const secrets = {
    signing: Buffer.from(crypto.ed25519.exportSeed(signing)).toString('hex'),
    agreement: Buffer.from(crypto.x25519.exportPrivateKey(agreement)).toString('hex'),
  }
  await writeFile(`${path}.keys`, JSON.stringify(secrets))
  const clock = testClock()
  const store = fileStore(path)
  const sessions = await openSessions({ crypto, clock, keys: own.keys, store })
  const bob = await newNode('bob', clock)
  const alice: TestNode = { ...bob, name: 'alice', device: own, store, sessions }
  const { handshake } = await begin(alice, bob, await bundleOf(bob))
  await accept(bob, alice, handshake)

  const sealers = ['one', 'two'].map((name) => startSealer(path, name))
  await Promise.all(sealers.map(({ ready }) => ready))
  for (const { process: child } of sealers) child.stdin?.write('go\n')
  await Promise.all(sealers.map(({ ended }) => ended))

  const frames = sealers.flatMap(({ lines }) => lines.filter((line) => line.startsWith('frame ')))
  expect(frames).toHaveLength(2 * MESSAGES)
  const texts: string[] = []
  for (const line of frames) {
    const frame = Uint8Array.from(Buffer.from(line.slice('frame '.length), 'hex'))
    const opened = await bob.sessions.transact((tx) => bob.sessions.decrypt(tx, { device: 'alice', frame }))
    texts.push(Buffer.from(opened?.body ?? 'nothing').toString())
  }
  const sent = ['one', 'two'].flatMap((name) => Array.from({ length: MESSAGES }, (_, i) => `${name} ${i}`))
  expect(texts.sort()).toEqual(sent.sort())
  expect(sealers.some(({ lines }) => lines.includes('conflict'))).toBe(true)
})
