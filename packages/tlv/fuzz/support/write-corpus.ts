/** Writes the corpus afresh: `good-*` is what a target accepts, `bad-*` what it refuses. Run it with tsx. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { createNobleCrypto, unsafeSeededRng } from '@hyphae/crypto'
import {
  encodeDirectoryRecord,
  encodeRecords,
  encodeStockUpload,
  frameMask,
  prefixFrame,
  sealChunk,
  sealFrame,
  sealGroupFrame,
  sealHandshakeFrame,
  signDirectoryRecord,
  signStockUpload,
} from '../../src/index.js'
import { INTRO_KEY, KEY } from '../frames.js'

const crypto = createNobleCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(1)) })
const bytes = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * seed + 3) & 255)

function save(target: string, name: string, input: Uint8Array): void {
  const folder = new URL(`../corpus/${target}/`, import.meta.url)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(name, folder), input)
}

/** The input itself, cut short, lengthened, and with one bit changed in front and at the end. */
function saveWithFaults(target: string, name: string, input: Uint8Array): void {
  save(target, `good-${name}`, input)
  save(target, `bad-${name}-cut`, input.subarray(0, input.length - 1))
  save(
    target,
    `bad-${name}-first`,
    input.map((byte, i) => (i === 0 ? byte ^ 0x80 : byte)),
  )
}

const record = (type: number, length: number): { type: number; value: Uint8Array } => ({
  type,
  value: bytes(length, type),
})
save('records', 'good-empty', new Uint8Array())
save('records', 'good-three', encodeRecords([record(1, 0), record(2, 5), record(200, 254)]))
save('records', 'good-extended', encodeRecords([record(1, 255), record(2, 1000)]))
save('records', 'bad-cut', encodeRecords([record(1, 255)]).subarray(0, 200))
save('records', 'bad-type-zero', Uint8Array.of(0, 1, 7))
save('records', 'bad-short-as-extended', Uint8Array.of(0xff, 0, 5, 2, 0, 1, 2))
save('records', 'bad-length-beyond', Uint8Array.of(0xff, 0, 5, 0xff, 0xff, 1))

const writer = crypto.ed25519.importSeed(bytes(32, 5))
const statement = signDirectoryRecord(crypto, writer, {
  address: bytes(32, 7),
  sequence: 3,
  body: bytes(300),
})
saveWithFaults('directory', 'record', encodeDirectoryRecord(statement))
const stock = {
  kind: 1,
  sequence: 2,
  items: [bytes(40), bytes(300, 3)],
  lastResort: bytes(20),
  replace: false,
}
saveWithFaults('directory', 'stock', encodeStockUpload(signStockUpload(crypto, writer, stock)))

const sealed = (size: 128 | 512 | 2048): Uint8Array =>
  sealFrame(crypto, {
    mask: frameMask(crypto, KEY, 0),
    header: { ratchetKey: bytes(32, 11), n: 0, pn: 0, length: 20, pqEpoch: 0 },
    messageKey: KEY,
    associatedData: KEY,
    body: bytes(20),
    size,
  })
for (const size of [128, 512, 2048] as const) saveWithFaults('frames', `sealed-${size}`, sealed(size))
const group = {
  tag: bytes(14),
  key: KEY,
  header: { index: 0, count: 1, id: 4 },
  body: bytes(99),
  size: 512 as const,
}
saveWithFaults('frames', 'group', sealGroupFrame(crypto, group))
const header = { root: bytes(32), index: 0, count: 1, size: 500, length: 500 }
saveWithFaults('frames', 'chunk', sealChunk(crypto, { key: KEY, header, data: bytes(500) }))
const handshake = { introKey: INTRO_KEY.publicKey, payload: bytes(400) }
saveWithFaults('frames', 'handshake', sealHandshakeFrame(crypto, handshake))

save('stream', 'good-two', Uint8Array.from([...prefixFrame(bytes(128)), ...prefixFrame(bytes(512))]))
save('stream', 'good-partial', prefixFrame(bytes(512)).subarray(0, 300))
save('stream', 'bad-code', Uint8Array.of(6, 1, 2))
save('stream', 'bad-second', Uint8Array.from([...prefixFrame(bytes(128)), 99, 0]))
