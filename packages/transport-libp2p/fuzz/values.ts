/** Fuzz target: any bytes, first as a selector of what they are, as what nodes of the DHT and strangers say. */
import { createNobleCrypto, unsafeSeededRng } from '@hyphae/crypto'
import { decodeValue, encodeValue } from '../src/directory-value.js'
import { Libp2pError } from '../src/errors.js'
import { readHello } from '../src/hello.js'
import { openPublishing } from '../src/publishing.js'
import { decodeStockAnswer, decodeStockQuestion } from '../src/stock-wire.js'
import { createRecordReader } from '../src/wire.js'
import type { FuzzTarget } from './support/target.js'

export const crypto = createNobleCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(5)) })
export const PEER_ID: Uint8Array = new Uint8Array(38).fill(1)
export const TOPIC: Uint8Array = new Uint8Array(32).fill(2)

const readers: readonly ((bytes: Uint8Array) => void)[] = [
  (bytes) => {
    const again = encodeValue(decodeValue(bytes))
    if (again.length !== bytes.length || again.some((byte, at) => byte !== bytes[at]))
      throw new Error('a value that was read is not what it is written as')
  },
  (bytes) => void decodeStockQuestion(bytes),
  (bytes) => void decodeStockAnswer(bytes),
  (bytes) => createRecordReader().push(bytes, () => {}),
  (bytes) => void readHello(crypto, PEER_ID, bytes),
  (bytes) => {
    if (openPublishing(crypto, TOPIC, bytes) === null) throw new Libp2pError('libp2p/broken')
  },
]

export const target: FuzzTarget = {
  name: 'values',
  run(input) {
    const reader = readers[input[0] ?? 0]
    if (reader === undefined) throw new Libp2pError('libp2p/broken')
    reader(input.slice(1))
  },
}
