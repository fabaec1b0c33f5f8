/** Hostile cases 1, 2, 6, 47 (its naming half) and 49 on content. */
import { inspect } from 'node:util'
import { concatBytes, fromHex, toHex, utf8 } from '@hyphae/core'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import {
  createRegistry,
  decodeMessage,
  decodeValue,
  defineContent,
  encodeMessage,
  encodeValue,
  type FileBody,
} from '../../src/index.js'
import { codeOf, envelope, head, id, registry } from '../support.js'

/** A MessagePack map of one pair, written by hand: the encoder would refuse the key. */
const pair = (key: string, value: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(0x81), encodeValue(key), value)

describe('hostile 2: a length that is not there', () => {
  const claims = {
    'bytes of 2^30': 'c640000000',
    'text of 2^30': 'db40000000',
    'array of 2^30': 'dd40000000',
    'map of 2^30': 'df40000000',
    'array of 65535': 'dcffff',
    'map of 65535': 'deffff',
    'extension of 2^30': 'c94000000001',
  }

  it('is refused at once', () => {
    for (const [what, hex] of Object.entries(claims)) {
      const body = concatBytes(fromHex(hex), new Uint8Array(100))
      expect(
        codeOf(() => decodeMessage(registry, envelope('a', head(id(1)), body))),
        what,
      ).toBe('content/malformed')
    }
  })

  it('allocates less than 1 MB', () => {
    // Arrays of 4,000 inside each other, the shape that costs a decoder most for its bytes.
    const claim = concatBytes(...Array.from({ length: 15 }, () => fromHex('dc0fa0')), new Uint8Array(4000))
    for (const bomb of [claim, ...Object.values(claims).map(fromHex)]) {
      const before = process.memoryUsage()
      expect(codeOf(() => decodeValue(bomb))).toBe('content/malformed')
      const after = process.memoryUsage()
      expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(
        1_000_000,
      )
    }
  })
})

describe('hostile 6: keys that reach for the prototype', () => {
  const anything = createRegistry([defineContent({ type: 'any', schema: v.any() })])
  const prototype = Object.getOwnPropertyNames(Object.prototype).sort()

  it('are refused at any depth, in known and unknown types, when reading and when writing', () => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      const evil = pair(key, pair('polluted', encodeValue(true)))
      for (const body of [evil, pair('a', evil), concatBytes(Uint8Array.of(0x91), evil)])
        for (const type of ['any', 'unknown', 1])
          expect(codeOf(() => decodeMessage(anything, envelope(type, head(id(1)), body)))).toBe(
            'content/forbidden-key',
          )
      const own = JSON.parse(`{"${key}": 1}`)
      expect(codeOf(() => encodeValue(own))).toBe('content/forbidden-key')
    }
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(prototype)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  it('are refused when they are not text, or no text at all, or endless', () => {
    for (const key of ['01', 'c0', 'c40161', '90', 'cb3fe0000000000000', 'da000161'])
      expect(codeOf(() => decodeValue(fromHex(`81${key}01`)))).toBe('content/forbidden-key')
    expect(codeOf(() => decodeValue(fromHex('81a1ff01')))).toBe('content/malformed')
    expect(codeOf(() => decodeValue(pair('k'.repeat(129), encodeValue(1))))).toBe('content/forbidden-key')
    expect(decodeValue(pair('k'.repeat(128), encodeValue(1)))).toEqual({ ['k'.repeat(128)]: 1 })
  })

  it('are no danger in names that only look special', () => {
    const body = { toString: 1, hasOwnProperty: 2, valueOf: 'x' }
    expect(decodeValue(encodeValue(body))).toEqual(body)
  })
})

describe('hostile 49: secrets in errors', () => {
  const canary = 'canary-plaintext'
  const key = fromHex(`${'c0ffee'.repeat(10)}c0ff`)
  const forms = [
    canary,
    toHex(utf8(canary)),
    toHex(key),
    [...key.subarray(0, 8)].join(','),
    [...key.subarray(0, 8)].join(', '),
    btoa(canary).slice(0, 18),
  ]
  const file: FileBody = {
    name: `${canary}/`,
    mediaType: canary,
    size: -1,
    root: key,
    key,
    manifest: key,
    count: 0,
  }
  const parts = { id: id(1), parents: [], sentAt: 0 }
  const refusals: readonly (() => unknown)[] = [
    () => encodeMessage(registry, { ...parts, type: 'file', body: file }),
    () => encodeMessage(registry, { ...parts, type: 'text', body: { text: canary, [canary]: canary } }),
    () => encodeMessage(registry, { ...parts, type: 'receipt', body: { kind: canary, ids: [canary] } }),
    () => encodeMessage(registry, { ...parts, type: canary, body: canary }),
    () =>
      decodeMessage(registry, envelope(2, head(id(1)), encodeValue([canary, canary, 1, key, key, key, -1]))),
    () => decodeMessage(registry, envelope(1, head(id(1)), encodeValue({ [canary]: canary }))),
    () => decodeMessage(registry, concatBytes(envelope(1, head(id(1)), encodeValue([canary])), key)),
    () => decodeValue(concatBytes(Uint8Array.of(0xa2, 0xff, 0xfe), utf8(canary))),
    () => decodeMessage(registry, envelope(canary.toUpperCase(), head(id(1)), encodeValue(canary))),
  ]

  it('has none, in any common spelling', () => {
    for (const refuse of refusals) {
      let thrown: unknown
      try {
        refuse()
      } catch (error) {
        thrown = error
      }
      expect(thrown).toBeInstanceOf(Error)
      const shown = [
        inspect(thrown, { depth: 9, showHidden: true }),
        JSON.stringify(thrown),
        String(thrown),
      ].join('\n')
      // The stack names this file and its functions; none of the canaries is in those names.
      for (const form of forms) expect(shown).not.toContain(form)
    }
  })
})
