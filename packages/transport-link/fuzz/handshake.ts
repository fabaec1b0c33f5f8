/** Fuzz target: any bytes as what a stranger sends first, then as the answer that a device waits for. */
import { utf8 } from '@hyphae/core'
import { createNobleCrypto, unsafeSeededRng } from '@hyphae/crypto'
import { MAX_HANDSHAKE_BYTES } from '../src/limits.js'
import { readFirst, readSecond, writeFirst, writeSecond } from '../src/noise.js'
import { createRecordReader } from '../src/record-reader.js'
import type { FuzzTarget } from './support/target.js'

export const PROLOGUE: Uint8Array = utf8('hyphae link 1')
export const crypto = createNobleCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(3)) })
export const [ours, theirs] = [0, 1].map(() => ({
  statics: crypto.x25519.generate(),
  ephemeral: crypto.x25519.generate(),
})) as [Keys, Keys]
const waiting = writeFirst(crypto, PROLOGUE, ours).state

type Keys = Parameters<typeof readFirst>[2]

export const target: FuzzTarget = {
  name: 'handshake',
  run(input) {
    createRecordReader().push(
      input,
      () => MAX_HANDSHAKE_BYTES,
      (record) => {
        if (record.length > 32) readSecond(crypto, waiting, record)
        else writeSecond(crypto, readFirst(crypto, PROLOGUE, theirs, record), new Uint8Array(96))
      },
    )
  },
}
