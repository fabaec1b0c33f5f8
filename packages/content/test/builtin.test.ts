import { MAX_FILE_BYTES } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import {
  countCharacters,
  decodeMessage,
  encodeMessage,
  encodeValue,
  type FileBody,
  type Message,
  type ReceiptBody,
} from '../src/index.js'
import { codeOf, envelope, head, id, registry } from './support.js'

const message = (type: string, body: unknown): Message => ({ type, id: id(1), parents: [], sentAt: 0, body })
const roundTrip = (type: string, body: unknown): unknown =>
  decodeMessage(registry, encodeMessage(registry, message(type, body)))
const encodeCode = (type: string, body: unknown): string =>
  codeOf(() => encodeMessage(registry, message(type, body)))
const decodeCode = (number: number, wire: unknown): string =>
  codeOf(() => decodeMessage(registry, envelope(number, head(id(1)), encodeValue(wire))))

describe('text', () => {
  it('carries text and what it answers', () => {
    for (const body of [{ text: '' }, { text: 'hi', replyTo: id(7) }])
      expect(roundTrip('text', body)).toMatchObject({ body })
  })

  it('counts characters, not code units', () => {
    expect(countCharacters('a😀é')).toBe(3)
    expect(roundTrip('text', { text: '😀'.repeat(10_000) })).toMatchObject({ type: 'text' })
    for (const text of ['x'.repeat(10_001), '😀'.repeat(10_001), 'x'.repeat(20_001)])
      expect(encodeCode('text', { text })).toBe('content/invalid-body')
  })

  it('refuses other bodies', () => {
    for (const body of [null, 'hi', {}, { text: 1 }, { text: 'a', replyTo: 'b' }, { text: 'a', more: 1 }])
      expect(encodeCode('text', body)).toBe('content/invalid-body')
    const one = new Uint8Array(16)
    for (const wire of [
      'hi',
      [],
      [1],
      ['a', null],
      ['a', id(1)],
      ['a', one.subarray(1)],
      ['a', one, 1],
      { text: 'a' },
    ])
      expect(decodeCode(1, wire)).toBe('content/invalid-body')
  })
})

describe('receipt', () => {
  it('carries 1 to 64 ids', () => {
    for (const kind of ['delivered', 'read'] as const)
      for (const count of [1, 64]) {
        const body: ReceiptBody = { kind, ids: Array.from({ length: count }, (_, i) => id(i)) }
        expect(roundTrip('receipt', body)).toMatchObject({ body })
      }
  })

  it('fits a 2048-byte frame when full', () => {
    const ids = Array.from({ length: 64 }, (_, i) => id(i))
    expect(encodeMessage(registry, message('receipt', { kind: 'read', ids })).length).toBeLessThan(1976)
  })

  it('refuses other bodies', () => {
    const tooMany = Array.from({ length: 65 }, (_, i) => id(i))
    for (const ids of [[], tooMany, [id(1), id(1)], ['x'], 'x'])
      expect(encodeCode('receipt', { kind: 'read', ids })).toBe('content/invalid-body')
    expect(encodeCode('receipt', { kind: 'seen', ids: [id(1)] })).toBe('content/invalid-body')
    const one = new Uint8Array(16)
    for (const wire of [
      null,
      [1],
      [0, one],
      [3, one],
      ['read', 1],
      [1, new Uint8Array(17)],
      [1, new Uint8Array(0)],
      [1, new Uint8Array(32)],
      [1, new Uint8Array(65 * 16)],
      [1, one, 1],
    ])
      expect(decodeCode(3, wire)).toBe('content/invalid-body')
  })
})

describe('file', () => {
  const file: FileBody = {
    name: 'photo.jpg',
    mediaType: 'image/jpeg',
    size: 5_000_000,
    root: new Uint8Array(32).fill(1),
    key: new Uint8Array(32).fill(2),
    manifest: new Uint8Array(32).fill(3),
    count: 1254,
  }

  it('carries a descriptor that fits a 512-byte frame', () => {
    expect(roundTrip('file', file)).toMatchObject({ body: file })
    expect(encodeMessage(registry, message('file', file)).length).toBeLessThan(440)
  })

  it('says what carriers it is for, where it is not for all', () => {
    expect(roundTrip('file', { ...file, minBandwidthBps: 10_000 })).toMatchObject({
      body: { ...file, minBandwidthBps: 10_000 },
    })
    expect(roundTrip('file', file)).not.toHaveProperty('body.minBandwidthBps')
  })

  it('takes the limits and nothing above', () => {
    for (const ok of [
      { size: 0, count: 0 },
      { size: MAX_FILE_BYTES },
      { count: 32_768 },
      { minBandwidthBps: 1_000_000_000 },
    ])
      expect(encodeCode('file', { ...file, ...ok })).toBe('no error')
    const wrong = [
      { size: MAX_FILE_BYTES + 1 },
      { size: -1 },
      { size: 0.5 },
      { count: 32_769 },
      { count: '1' },
      { key: new Uint8Array(31) },
      { root: 'root' },
      { manifest: undefined },
      { mediaType: 'image' },
      { mediaType: 'Image/JPEG' },
      { name: '' },
      { minBandwidthBps: 0 },
      { minBandwidthBps: 1_000_000_001 },
      { minBandwidthBps: undefined },
      { more: 1 },
    ]
    for (const change of wrong)
      expect(encodeCode('file', { ...file, ...change })).toBe('content/invalid-body')
    for (const wire of [null, [], ['a'], { name: 'a' }])
      expect(decodeCode(2, wire)).toBe('content/invalid-body')
  })
})
