// What a relay keeps, logs and counts while real clients talk through it, searched for what it must not know.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { accountKey, handleId } from '@hyphae/identity'
import { signRequest } from '@hyphae/relay'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { objects, ok, type Running, start } from './support.js'

type Sought = string | Uint8Array

/** As it is, in hexadecimal, in base64 of every alignment and both alphabets, and as a list of numbers. */
function formsOf(sought: Sought): Buffer[] {
  const raw = Buffer.from(sought)
  const base64 = [0, 1, 2].flatMap((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), raw]).toString('base64')
    const inner = encoded.slice(shift === 0 ? 0 : 4, -4)
    return inner.length < 8 ? [] : [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
  })
  const hex = raw.toString('hex')
  const texts = [hex, hex.toUpperCase(), [...raw].join(','), [...raw].join(', '), ...base64]
  return [raw, ...texts.map((text) => Buffer.from(text))]
}

const holds = (content: Buffer, sought: Sought): boolean =>
  formsOf(sought).some((form) => content.includes(form))

async function diskUnder(folder: string): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return Buffer.concat(await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name)))))
}

/** A client behind the proxy that the relay trusts. */
const CLIENT_ADDRESS = '203.0.113.77'
const TEXT = 'We shall plant the orchard behind the third hill'
const ANSWER = 'Bring the long ladder on Saturday'
const FILE_NAME = 'map-of-the-orchard.txt'
const FILE = 'seventeen rows of pear trees, then the well. '.repeat(300)
const GROUP = 'orchard keepers'
const HANDLES = ['ada.keeper@orchard.example', 'ben.keeper@orchard.example']

const random = (length: number): Uint8Array => crypto.randomBytes(length)
const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

let folder: string
let relay: Running
let disk: Buffer
let logs: Buffer
let metrics: Buffer
let accounts: string[]

const box = crypto.ed25519.generate()
const log = crypto.ed25519.generate()
const frame = random(2048)
const id = random(16)
const entry = random(700)
const blob = random(1500)
const channel = random(32)
const announced = random(512)
const nonces: string[] = []

async function ask(
  base: string,
  method: string,
  path: string,
  body?: object,
  key?: typeof box,
): Promise<number> {
  const url = `${base}/api/v1${path}`
  const text = body === undefined ? undefined : JSON.stringify(body)
  const request = { method, url, ...(text !== undefined && { body: text }) }
  const signer = key && { publicKey: key.publicKey, sign: (m: Uint8Array) => crypto.ed25519.sign(key, m) }
  const signed = signer === undefined ? {} : signRequest(request, signer, { clock: systemClock, crypto })
  nonces.push(
    ...(signed['signature-input'] ?? '')
      .split('nonce="')
      .slice(1)
      .map((rest) => rest.split('"')[0] as string),
  )
  const headers = {
    'x-forwarded-for': CLIENT_ADDRESS,
    ...signed,
    ...(text && { 'content-type': 'application/json' }),
  }
  const response = await fetch(url, { method, headers, ...(text !== undefined && { body: text }) })
  await response.arrayBuffer()
  return response.status
}

async function talk(url: string): Promise<void> {
  const [ada, ben] = [join(folder, 'ada'), join(folder, 'ben')]
  const init = (home: string, handle: string) =>
    ok(['init', '--home', home, '--relay', url, '--handle', handle])
  accounts = [await init(ada, HANDLES[0] as string), await init(ben, HANDLES[1] as string)]
  const [adaId, benId] = accounts as [string, string]
  await writeFile(join(folder, FILE_NAME), FILE)
  await ok(['send', '--home', ada, benId, TEXT])
  await ok(['send', '--home', ada, benId, '--file', join(folder, FILE_NAME)])
  await ok(['group', 'create', '--home', ada, GROUP, benId])
  await mkdir(join(folder, 'saved'))
  const heard = await objects(['listen', '--home', ben, '--count', '2', '--save', join(folder, 'saved')])
  expect(JSON.stringify(heard)).toContain(TEXT)
  expect(await readFile(join(folder, 'saved', FILE_NAME), 'utf8')).toBe(FILE)
  await ok(['send', '--home', ben, adaId, ANSWER])
  expect(await ok(['listen', '--home', ada, '--count', '1'])).toContain(ANSWER)
}

async function services(http: string): Promise<void> {
  expect(
    await ask(http, 'POST', '/messages/send', { box: b64(box.publicKey), id: b64(id), frame: b64(frame) }),
  ).toBe(204)
  expect(await ask(http, 'GET', '/messages/queue', undefined, box)).toBe(200)
  expect(await ask(http, 'POST', '/groups/commits', { position: 0, entry: b64(entry) }, log)).toBe(201)
  expect(await ask(http, 'POST', '/presence', { channel: b64(channel), frame: b64(announced) })).toBe(204)
  const put = {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream', 'x-forwarded-for': CLIENT_ADDRESS },
  }
  expect(
    (await fetch(`${http}/api/v1/blobs/${b64(crypto.sha256(blob))}`, { ...put, body: blob.slice() })).status,
  ).toBe(204)
  // What is refused is logged as carefully as what is not.
  expect(await ask(http, 'GET', '/messages/queue')).toBe(401)
  expect(await ask(http, 'POST', '/messages/send', { box: b64(box.publicKey), id: b64(id) })).toBe(400)
  expect(await ask(http, 'GET', `/blobs/${b64(random(32))}`)).toBe(404)
  expect(await ask(http, 'GET', `/${b64(box.publicKey)}`)).toBe(404)
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hyphae-leaks-'))
  const data = join(folder, 'relay')
  const options = [
    '--data',
    data,
    '--admin-port',
    '0',
    '--log-level',
    'debug',
    '--trusted-proxy',
    '127.0.0.0/8',
  ]
  relay = start(['relay', '--port', '0', '--json', ...options])
  await relay.until('\n')
  const { url, admin } = JSON.parse(relay.stdout()) as { url: string; admin: string }
  await talk(url)
  await services(url.replace('ws:', 'http:'))
  metrics = Buffer.from(await (await fetch(`${admin}/metrics`)).text())
  relay.stop()
  const { stderr } = await relay.ended
  logs = Buffer.from(
    stderr
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .join('\n'),
  )
  disk = await diskUnder(data)
})
afterAll(() => rm(folder, { recursive: true }))

describe('a relay that real clients have used', () => {
  it('was searched where there is something to find: what it must know is there', () => {
    for (const known of [box.publicKey, id, frame, log.publicKey, entry, crypto.sha256(blob), blob])
      expect(holds(disk, known)).toBe(true)
    expect(disk.length).toBeGreaterThan(50_000)
    expect(holds(logs, '/messages/send')).toBe(true)
    expect(logs.toString().match(/"message":"request"/g)?.length).toBeGreaterThanOrEqual(8)
    expect(holds(metrics, 'hyphae_relay_operations_total{operation="put",outcome="ok"}')).toBe(true)
    expect(holds(metrics, 'route="/blobs/{hash}",method="GET",status="404"')).toBe(true)
  })

  it('finds what is encoded, wherever it stands', () => {
    for (const form of ['hex', 'base64', 'base64url'] as const)
      for (const before of ['', 'x', 'yz'])
        expect(holds(Buffer.from(Buffer.from(`${before}${TEXT}...`).toString(form)), TEXT)).toBe(true)
    expect(holds(Buffer.from(`[${[...box.publicKey].join(',')}]`), box.publicKey)).toBe(true)
    expect(holds(Buffer.from('nothing'), TEXT)).toBe(false)
  })

  it('hostile 49: holds no text, file, name, handle, account or address, on disk, in its log or its metrics', () => {
    const names = [...HANDLES, ...HANDLES.map((handle) => handle.split('@')[0] as string), 'orchard.example']
    const ids = [...accounts, ...accounts.map(accountKey), ...HANDLES.map((handle) => handleId(handle))]
    const secrets = [
      TEXT,
      ANSWER,
      FILE_NAME,
      FILE.slice(0, 45),
      GROUP,
      ...names,
      ...ids,
      CLIENT_ADDRESS,
      '127.0.0.1',
      '::1',
    ]
    for (const [where, content] of Object.entries({ disk, logs, metrics }))
      for (const secret of secrets)
        expect(holds(content, secret), `${String(secret)} in ${where}`).toBe(false)
  })

  it('logs and counts no id of a box, frame, log, blob, channel or request', () => {
    const ids = [
      box.publicKey,
      id,
      frame.slice(0, 24),
      log.publicKey,
      entry.slice(0, 24),
      crypto.sha256(blob),
      channel,
      announced.slice(0, 24),
    ]
    expect(nonces).toHaveLength(2)
    for (const [where, content] of Object.entries({ logs, metrics })) {
      for (const sought of [...ids, ...nonces]) expect(holds(content, sought), where).toBe(false)
      // Whatever the name: nothing there is long enough to be one.
      expect(content.toString().match(/[0-9a-fA-F]{32}|[A-Za-z0-9+/-]{40}/g)).toBeNull()
    }
  })

  it('keeps nothing of what it only passed on', () => {
    for (const passed of [channel, announced, ...nonces]) expect(holds(disk, passed)).toBe(false)
  })
})
