import type { StandardSchemaV1 } from '@standard-schema/spec'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import {
  type ContentType,
  createRegistry,
  decodeMessage,
  defineContent,
  encodeMessage,
  type Message,
} from '../src/index.js'
import { codeOf, id, registry } from './support.js'

const poll = defineContent({
  type: 'org.example/poll',
  schema: v.object({ question: v.pipe(v.string(), v.maxLength(20)), options: v.array(v.string()) }),
})

/** A schema by hand, as any library may bring one. */
function schemaOf(validate: (value: unknown) => unknown): StandardSchemaV1<unknown, string> {
  const props = { version: 1, vendor: 'test', validate } as StandardSchemaV1.Props<unknown, string>
  return { '~standard': props }
}

const message = (type: string, body: unknown): Message => ({ type, id: id(1), parents: [], sentAt: 0, body })

describe('content type', () => {
  it('adds a type of one’s own', () => {
    const own = createRegistry([poll])
    const sent = message('org.example/poll', { question: 'Where?', options: ['here', 'there'] })
    expect(decodeMessage(own, encodeMessage(own, sent))).toEqual(sent)
    expect(codeOf(() => encodeMessage(registry, sent))).toBe('content/unregistered-type')
  })

  it('checks bodies in both directions and says where, not what', () => {
    const own = createRegistry([poll])
    const bad = message('org.example/poll', { question: 'a secret question, too long', options: [] })
    expect(() => encodeMessage(own, bad)).toThrow(
      expect.objectContaining({
        code: 'content/invalid-body',
        details: { type: 'org.example/poll', issues: 1, path: 'question' },
        message: expect.not.stringContaining('secret'),
      }),
    )
    const lax = createRegistry([defineContent({ type: 'org.example/poll', schema: v.any() })])
    const encoded = encodeMessage(lax, bad)
    expect(codeOf(() => decodeMessage(own, encoded))).toBe('content/invalid-body')
  })

  it('hides path segments that may be data', () => {
    const counts = defineContent({ type: 'org.example/counts', schema: v.record(v.string(), v.number()) })
    const own = createRegistry([counts])
    const bad = message('org.example/counts', { 'bob@example.org': 'three' })
    expect(() => encodeMessage(own, bad)).toThrow(
      expect.objectContaining({ details: { type: 'org.example/counts', issues: 1, path: '?' } }),
    )
  })

  it('refuses asynchronous schemas, also when they would have failed', () => {
    for (const promise of [() => Promise.resolve({ value: 'x' }), () => Promise.reject(new Error('late'))]) {
      const slow = defineContent({ type: 'org.example/slow', schema: schemaOf(promise) })
      expect(codeOf(() => slow.validate('x'))).toBe('content/async-schema')
    }
  })

  it('reports a schema or codec that throws, without what it threw', () => {
    const broken = (): never => {
      throw new TypeError('secret')
    }
    const types: readonly ContentType[] = [
      defineContent({ type: 'org.example/a', schema: schemaOf(broken) }),
      defineContent({ type: 'org.example/a', schema: v.any(), pack: broken }),
    ]
    for (const type of types)
      expect(() => encodeMessage(createRegistry([type]), message('org.example/a', 1))).toThrow(
        expect.objectContaining({
          code: 'content/schema-failed',
          details: { type: 'org.example/a', thrown: 'TypeError' },
          message: expect.not.stringContaining('secret'),
        }),
      )
    const unpack = defineContent({ type: 'org.example/a', schema: v.any(), unpack: broken })
    const encoded = encodeMessage(createRegistry([unpack]), message('org.example/a', 1))
    expect(codeOf(() => decodeMessage(createRegistry([unpack]), encoded))).toBe('content/schema-failed')
  })

  it('can be read when it could be written, up to the last value and level', () => {
    const any = createRegistry([defineContent({ type: 'any', schema: v.any() })])
    const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) })
    for (const body of [
      new Array(8191).fill(0),
      deep(16),
      Object.fromEntries(new Array(4095).fill(0).map((_, i) => [`${i}`, i])),
    ])
      expect(decodeMessage(any, encodeMessage(any, message('any', body)))).toMatchObject({ body })
    for (const body of [
      new Array(8192).fill(0),
      deep(17),
      Object.fromEntries(new Array(4096).fill(0).map((_, i) => [`${i}`, i])),
    ])
      expect(codeOf(() => encodeMessage(any, message('any', body)))).toMatch(
        /^content\/too-(many-values|deep)$/,
      )
  })

  it('takes one byte for a number and shortens with pack', () => {
    const point = defineContent({
      type: 'org.example/point',
      number: 100,
      schema: v.object({ x: v.number(), y: v.number() }),
      pack: ({ x, y }) => [x, y],
      unpack: (wire) => (Array.isArray(wire) ? { x: wire[0], y: wire[1] } : wire),
    })
    const own = createRegistry([point])
    const encoded = encodeMessage(own, message('org.example/point', { x: 1, y: 2 }))
    expect([...encoded.subarray(-3)]).toEqual([0x92, 1, 2])
    expect(encoded[1]).toBe(100)
    expect(decodeMessage(own, encoded)).toMatchObject({ body: { x: 1, y: 2 } })
  })

  it('refuses bad and double names and numbers', () => {
    for (const type of ['', 'Text', '1st', 'a b', 'a/', 'a/b/c', '#1', 'ünicode', 'x'.repeat(65)])
      expect(codeOf(() => defineContent({ type, schema: v.any() }))).toBe('content/bad-type')
    for (const number of [0, 128, 1.5, Number.NaN])
      expect(codeOf(() => defineContent({ type: 'a', number, schema: v.any() }))).toBe('content/bad-type')
    expect(codeOf(() => createRegistry([poll, poll]))).toBe('content/duplicate-type')
    const taken = defineContent({ type: 'org.example/taken', number: 1, schema: v.any() })
    expect(codeOf(() => createRegistry([taken]))).toBe('content/duplicate-type')
  })
})
