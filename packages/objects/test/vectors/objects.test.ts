// Golden vectors: what other implementations must make and read alike.
import { readFileSync } from 'node:fs'
import { fromHex, toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { assembly, encodeMessage, openObject } from '@hyphae/objects'
import { expect, it } from 'vitest'
import { pattern } from '../support/world.js'
import { makeVectors, type Vectors } from './make.js'

const file = new URL('../../../../vectors/objects/v1.json', import.meta.url)
const golden = JSON.parse(readFileSync(file, 'utf8')) as Vectors

it('makes the golden trees, headers, hashes and frames', () => {
  expect(makeVectors()).toEqual(golden)
})

it.each(golden.objects)('reads the object $hash', ({ header, hash, size }) => {
  const object = openObject(crypto, fromHex(header), pattern(size))
  expect(toHex(object.hash)).toBe(hash)
  if (size > 0) expect(() => openObject(crypto, fromHex(header), pattern(size, 2))).toThrow(/not the one/)
})

it.each(golden.frames)('reads the frames of $name', ({ frames }) => {
  const incoming = assembly()
  const read = frames.map((frame) => incoming.take(fromHex(frame)))
  const message = read.at(-1)
  if (message === undefined || message === null) throw new Error('the last frame completes the message')
  const body = frames.map((frame) => frame.slice(10)).join('')
  expect(body.startsWith(toHex(encodeMessage(message).body))).toBe(true)
})
