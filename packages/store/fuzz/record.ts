/**
 * Fuzz target: bytes as a stored key and as header; whatever they are, either they read as what they say or a
 * HyphaeError comes. First byte picks the decoder.
 */
import { equalBytes } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { decodeHeader, encodeHeader } from '../src/header.js'
import { sealedCodec } from '../src/sealed-codec.js'
import { decodeTuple, encodeTuple } from '../src/tuple.js'

const keys = { value: new Uint8Array(32).fill(1), blind: new Uint8Array(32).fill(2) }
const codec = sealedCodec(defaultCrypto, keys)
const { stored } = codec.locate(['table', 1])

function mustEqual(actual: Uint8Array, expected: Uint8Array): void {
  if (!equalBytes(actual, expected)) throw new Error('what was decoded does not encode to what was read')
}

function run(input: Uint8Array): void {
  const bytes = input.subarray(1)
  if (input[0] === 0) mustEqual(encodeTuple(decodeTuple(bytes)), bytes)
  else if (input[0] === 1) mustEqual(encodeHeader(decodeHeader(bytes)), bytes)
  else codec.open(stored, bytes)
}

export const target: { readonly name: string; run(input: Uint8Array): void } = { name: 'store-record', run }
