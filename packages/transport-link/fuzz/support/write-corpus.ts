/** Writes the corpus afresh: `good-*` is what a target accepts, `bad-*` what it refuses. Run it with tsx. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { concatBytes } from '@hyphae/core'
import { readFirst, writeFirst, writeSecond } from '../../src/noise.js'
import { prefixed } from '../../src/record-reader.js'
import { crypto, ours, PROLOGUE, theirs } from '../handshake.js'

function save(name: string, input: Uint8Array): void {
  const folder = new URL('../corpus/handshake/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(name, folder), input)
}

const first = writeFirst(crypto, PROLOGUE, ours).message
const second = writeSecond(crypto, readFirst(crypto, PROLOGUE, theirs, first), new Uint8Array(96)).message
save('good-nothing', new Uint8Array())
save('good-first', prefixed(first))
save('good-first-in-part', prefixed(first).subarray(0, 20))
save('good-second', prefixed(second))
save('good-first-and-second', concatBytes(prefixed(first), prefixed(second)))
save('bad-second-altered', prefixed(second.map((byte, i) => (i === 100 ? byte ^ 1 : byte))))
save('bad-short-key', prefixed(first.subarray(1)))
save('bad-zero-key', prefixed(new Uint8Array(32)))
save('bad-empty-record', Uint8Array.of(0, 0))
save('bad-long-record', Uint8Array.of(0xff, 0xff, 1))
