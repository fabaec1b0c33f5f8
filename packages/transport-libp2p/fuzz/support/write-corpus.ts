/** Writes the corpus afresh: `good-*` is what a target accepts, `bad-*` what it refuses. Run it with tsx. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { concatBytes } from '@hyphae/core'
import { signDirectoryRecord } from '@hyphae/tlv'
import { encodeValue } from '../../src/directory-value.js'
import { encodeHello, signBinding } from '../../src/hello.js'
import { sealPublishing } from '../../src/publishing.js'
import { encodeStockAnswer, encodeStockQuestion } from '../../src/stock-wire.js'
import { encodeRecord, KIND_FRAME, KIND_HELLO } from '../../src/wire.js'
import { crypto, PEER_ID, TOPIC } from '../values.js'

function save(name: string, kind: number, input: Uint8Array): void {
  const folder = new URL('../corpus/values/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(name, folder), concatBytes(Uint8Array.of(kind), input))
}

const turned = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))

const record = (sequence: number) =>
  signDirectoryRecord(crypto, crypto.ed25519.generate(), {
    address: new Uint8Array(32).fill(9),
    sequence,
    body: new Uint8Array(20).fill(sequence),
  })
const [one, two] = [record(1), record(2)] as const
save('good-value', 0, encodeValue([one]))
save('good-value-of-two', 0, encodeValue([one, two]))
save('bad-value-of-none', 0, Uint8Array.of(1, 0))
save('bad-value-of-nine', 0, Uint8Array.of(1, 9))
save('bad-value-twice-one-writer', 0, encodeValue([one, one]))
save('bad-value-longer', 0, concatBytes(encodeValue([one]), Uint8Array.of(0)))
save('bad-value-cut', 0, encodeValue([one, two]).subarray(0, 200))
save('bad-value-version', 0, turned(encodeValue([one]), 0))
const writer = new Uint8Array(32).fill(3)
save('good-question', 1, encodeStockQuestion({ ask: 'take', writer, kind: 1 }))
save('bad-question', 1, encodeStockQuestion({ ask: 'take', writer, kind: 1 }).subarray(1))
save('good-answer-item', 2, encodeStockAnswer({ kind: 'item', item: writer, lastResort: true }))
save('good-answer-count', 2, encodeStockAnswer({ kind: 'count', count: 77 }))
save('good-answer-none', 2, encodeStockAnswer({ kind: 'none' }))
save('bad-answer-empty-item', 2, Uint8Array.of(1))
save('bad-answer-long-item', 2, concatBytes(Uint8Array.of(1), new Uint8Array(8195)))
save('bad-answer-count', 2, Uint8Array.of(3, 1))
const hello = encodeHello(signBinding(crypto, crypto.ed25519.generate(), PEER_ID), 5)
save(
  'good-records',
  3,
  concatBytes(encodeRecord(KIND_HELLO, hello), encodeRecord(KIND_FRAME, new Uint8Array(128))),
)
save('good-record-in-part', 3, encodeRecord(KIND_FRAME, new Uint8Array(512)).subarray(0, 99))
save('bad-record-kind', 3, Uint8Array.of(9))
save('bad-record-length', 3, Uint8Array.of(KIND_FRAME, 1, 2))
save('good-hello', 4, hello)
save('bad-hello-signature', 4, turned(hello, 50))
save('good-publishing', 5, sealPublishing(crypto, TOPIC, new Uint8Array(128).fill(4)))
save('bad-publishing', 5, turned(sealPublishing(crypto, TOPIC, new Uint8Array(128)), 30))
save('bad-kind', 6, new Uint8Array())
