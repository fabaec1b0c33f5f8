// Ours beside nostr-tools and NDK, over a relay of a third maker: private messages both ways, texts and files.
//
//   npm run interop -- nostr     exits 0 when everybody reads what everybody wrote
//
// Each client is a person with a key of its own, connected with its own library's sockets to one @nostr-relay on
// loopback. Every ordered pair exchanges texts of several lengths and a file; ours speaks to NDK's and nostr-tools' people
// exactly as to its own.
import process from 'node:process'
import { startRelay } from '../../packages/transport-nostr/test/support/relay.ts'
import type { Client, Letter } from './nostr/client.js'
import { hyphaeClient } from './nostr/hyphae.js'
import { ndkClient } from './nostr/ndk.js'
import { nostrToolsClient } from './nostr/nostr-tools.js'
import { persons } from './nostr/persons.js'

const TEXTS = ['hello', 'ü'.repeat(700), 'x'.repeat(20_000), '日本語 "quoted"\n\ttabbed']
const FILE = {
  url: 'https://files.example/photo.enc',
  mediaType: 'image/png',
  key: 'ab'.repeat(32),
  nonce: 'cd'.repeat(12),
  hash: 'ef'.repeat(32),
}
const PATIENCE_MS = 15_000

async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing came in ${PATIENCE_MS} ms`)), PATIENCE_MS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

function same(a: Letter, b: Letter): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

async function exchange(from: Client, to: Client): Promise<number> {
  const letters: Letter[] = [
    ...TEXTS.map((text): Letter => ({ kind: 'text', from: from.publicKey, text })),
    { kind: 'file', from: from.publicKey, file: FILE },
  ]
  for (const letter of letters) {
    await within(`${from.name} publishes`, from.send(to.publicKey, letter))
    const got = await within(`${from.name} to ${to.name}`, to.next())
    if (!same(letter, got)) {
      throw new Error(
        `${to.name} read something else than ${from.name} wrote: ${JSON.stringify(got).slice(0, 200)}`,
      )
    }
  }
  return letters.length
}

const relay = await startRelay()
const clients = [await hyphaeClient(relay.url), await nostrToolsClient(relay.url), await ndkClient(relay.url)]
let checked = 0
try {
  for (const from of clients) {
    for (const to of clients) {
      if (from === to || (from.name !== 'hyphae' && to.name !== 'hyphae')) continue
      checked += await exchange(from, to)
      process.stdout.write(`${from.name} -> ${to.name}: ${TEXTS.length} texts and a file\n`)
    }
  }
  const kinds = new Set([...relay.events.values()].map((event) => event.kind))
  if ([...kinds].join() !== '1059')
    throw new Error(`the relay saw other kinds than gift wraps: ${[...kinds]}`)
  for (const event of relay.events.values()) {
    const names = clients.filter(({ publicKey }) => JSON.stringify(event).includes(publicKey))
    if (names.length !== 1) throw new Error('a wrap names its author, or nobody')
  }
  process.stdout.write(
    `${checked} private messages read by another implementation, ${relay.events.size} wraps on the relay\n`,
  )
} finally {
  await Promise.all(clients.map((client) => client.close()))
  await relay.stop()
}
const home = await startRelay()
try {
  await persons(home.url, (what, holds) => {
    if (!holds) throw new Error(`they do not agree: ${what}`)
    process.stdout.write(`  ${what}\n`)
  })
} finally {
  await home.stop()
}
process.exit(0)
