/** Writes the corpus afresh: `good-*` is what a target accepts, `bad-*` what it refuses. Run it with tsx. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { concatBytes } from '@hyphae/core'
import { createNobleCrypto, unsafeSeededRng } from '@hyphae/crypto'
import { createObject, encodeIndices, encodeMessage, type Message } from '../../src/index.js'

const crypto = createNobleCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(1)) })
const bytes = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * seed + 3) & 255)

function save(target: string, name: string, input: Uint8Array): void {
  const folder = new URL(`../corpus/${target}/`, import.meta.url)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(name, folder), input)
}

/** The input itself, cut short, and with its first byte changed. */
function saveWithFaults(target: string, name: string, input: Uint8Array): void {
  save(target, `good-${name}`, input)
  save(target, `bad-${name}-cut`, input.subarray(0, input.length - 1))
  save(
    target,
    `bad-${name}-first`,
    input.map((byte, i) => (i === 0 ? byte ^ 0x80 : byte)),
  )
}

const owner = crypto.ed25519.importSeed(bytes(32, 5))
const plain = createObject(crypto, { payload: bytes(5000), created: 1, ttl: 60, minBandwidthBps: 10_000 })
const version = { name: bytes(32, 3), sequence: 9 }
const signed = createObject(crypto, {
  payload: bytes(9),
  created: 1,
  owner,
  version,
  use: 1,
  priority: 'critical',
})
saveWithFaults('header', 'plain', plain.headerBytes)
saveWithFaults('header', 'version', signed.headerBytes)
save(
  'header',
  'bad-signature',
  signed.headerBytes.map((byte, i) => (i === signed.headerBytes.length - 1 ? byte ^ 1 : byte)),
)

const entry = { remaining: 60, headerBytes: plain.headerBytes }
const messages: Record<string, Message> = {
  hello: { kind: 'hello', greet: true },
  hint: { kind: 'hint', hashes: [plain.hash, signed.hash] },
  digest: { kind: 'digest', entries: [entry, { remaining: 5, headerBytes: signed.headerBytes }] },
  object: { kind: 'object', entry, payload: bytes(9) },
  ranges: { kind: 'request', hash: plain.hash, blocks: encodeIndices([1, 2, 3, 700]) },
  bitmap: { kind: 'request', hash: plain.hash, blocks: encodeIndices([1, 3, 5, 8, 12, 13]) },
  block: { kind: 'block', hash: plain.hash, block: 1, data: bytes(3988) },
}
for (const [name, message] of Object.entries(messages)) {
  const { kind, body } = encodeMessage(message)
  saveWithFaults('frame', name, concatBytes(Uint8Array.of(kind), body))
}
