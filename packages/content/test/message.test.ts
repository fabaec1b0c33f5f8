import { concatBytes, equalBytes, fromHex, toHex, utf8 } from '@hyphae/core'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import {
  createRegistry,
  decodeMessage,
  defineContent,
  encodeMessage,
  encodeValue,
  isMessageOf,
  MAX_MESSAGE_BYTES,
  type Message,
  textContent,
} from '../src/index.js'
import { codeOf, envelope, head, id, registry } from './support.js'

const hello: Message = {
  type: 'text',
  id: id(1),
  parents: [id(2)],
  sentAt: 1_700_000_000_123,
  body: { text: 'hello' },
}

describe('message', () => {
  it('has one compact encoding', () => {
    const encoded = encodeMessage(registry, hello)
    const written = `9301c4267b68e5cf8b01${'01'.repeat(16)}${'02'.repeat(16)}91a568656c6c6f`
    expect(toHex(encoded)).toBe(written)
    expect(decodeMessage(registry, encoded)).toEqual(hello)
    // 44 bytes around the text: the message fits the 56 usable bytes of the smallest frame.
    expect(encoded.length - 'hello'.length).toBe(44)
  })

  it('keeps 0 to 16 parents in their order', () => {
    for (const count of [0, 1, 16]) {
      const parents = Array.from({ length: count }, (_, i) => id(100 - i))
      const encoded = encodeMessage(registry, { ...hello, parents })
      expect(decodeMessage(registry, encoded)).toEqual({ ...hello, parents })
    }
  })

  it('refuses an envelope that says nothing sound, when writing', () => {
    const wrong: readonly Partial<Message>[] = [
      { sentAt: -1 },
      { sentAt: 1.5 },
      { sentAt: Number.NaN },
      { sentAt: 2 ** 48 },
      { id: 'ab' as Message['id'] },
      { id: 'AB'.repeat(16) as Message['id'] },
      { parents: [id(1)] },
      { parents: [id(2), id(2)] },
      { parents: Array.from({ length: 17 }, (_, i) => id(i + 10)) },
    ]
    for (const change of wrong)
      expect(codeOf(() => encodeMessage(registry, { ...hello, ...change }))).toBe('content/bad-envelope')
  })

  it('refuses an envelope that says nothing sound, when reading', () => {
    const body = encodeValue(['hello'])
    const heads = [
      new Uint8Array(0),
      new Uint8Array(21),
      head(id(1)).subarray(0, 21),
      concatBytes(head(id(1)), Uint8Array.of(0)),
      head(id(1), id(1)),
      head(id(1), id(2), id(2)),
      head(...Array.from({ length: 18 }, (_, i) => id(i))),
    ]
    for (const bad of heads)
      expect(codeOf(() => decodeMessage(registry, envelope(1, bad, body)))).toBe('content/bad-envelope')
    for (const type of [0, -1, 128, 1.5, '', 'Text', 'a/b/c', 'x'.repeat(65), null, true, ['text']])
      expect(codeOf(() => decodeMessage(registry, envelope(type, head(id(1)), body)))).toBe(
        'content/bad-envelope',
      )
  })

  it('refuses a numbered type that is spelled out: one message, one encoding', () => {
    const spelled = envelope('text', head(id(1)), encodeValue(['hello']))
    expect(codeOf(() => decodeMessage(registry, spelled))).toBe('content/not-canonical')
  })

  it('refuses too much, before reading it', () => {
    const text = 'x'.repeat(MAX_MESSAGE_BYTES)
    const note = defineContent({ type: 'org.example/note', schema: v.string() })
    const notes = createRegistry([note])
    const long = { ...hello, type: 'org.example/note', body: text }
    expect(codeOf(() => encodeMessage(notes, long))).toBe('content/too-large')
    expect(codeOf(() => decodeMessage(registry, new Uint8Array(MAX_MESSAGE_BYTES + 1)))).toBe(
      'content/too-large',
    )
  })

  it('carries the longest text with the most parents', () => {
    const parents = Array.from({ length: 16 }, (_, i) => id(i + 2))
    const text = '😀'.repeat(10_000)
    const encoded = encodeMessage(registry, { ...hello, parents, body: { text, replyTo: id(9) } })
    expect(decodeMessage(registry, encoded)).toEqual({ ...hello, parents, body: { text, replyTo: id(9) } })
    expect(encoded.length).toBe(40_305)
  })

  it('shares no memory with what it read', () => {
    const encoded = encodeMessage(registry, hello)
    const unknown = decodeMessage(registry, envelope('org.example/x', head(id(1)), encodeValue(utf8('abc'))))
    const before = structuredClone(unknown)
    encoded.fill(0)
    expect(unknown).toEqual(before)
  })

  it('narrows to a type', () => {
    const message = decodeMessage(registry, encodeMessage(registry, hello))
    if (!isMessageOf(textContent, message)) throw new Error('not a text')
    expect(message.body.text).toBe('hello')
  })
})

describe('unknown types', () => {
  const raw = encodeValue({ later: [1, 'two', fromHex('03')] })

  it('are kept whole and written again as they came', () => {
    for (const [type, name] of [
      ['org.example/later', 'org.example/later'],
      [99, '#99'],
    ] as const) {
      const bytes = envelope(type, head(id(1), id(2)), raw)
      const message = decodeMessage(registry, bytes)
      expect(message).toEqual({ type: name, id: id(1), parents: [id(2)], sentAt: 0, unknown: true, raw })
      expect(equalBytes(encodeMessage(registry, message), bytes)).toBe(true)
    }
  })

  it('are read once their type is registered', () => {
    const bytes = envelope('org.example/later', head(id(1)), raw)
    const message = decodeMessage(registry, bytes)
    const later = defineContent({ type: 'org.example/later', schema: v.object({ later: v.array(v.any()) }) })
    expect(decodeMessage(createRegistry([later]), encodeMessage(registry, message))).toMatchObject({
      body: { later: [1, 'two', fromHex('03')] },
    })
  })

  it('cannot be made with a body, a false name or a body that is not canonical', () => {
    const made = { ...hello, type: 'org.example/later', body: 1 }
    expect(codeOf(() => encodeMessage(registry, made))).toBe('content/unregistered-type')
    const unknown = {
      type: 'org.example/later',
      id: id(1),
      parents: [],
      sentAt: 0,
      unknown: true,
      raw,
    } as const
    for (const type of ['#0', '#128', '#01', 'No good'])
      expect(codeOf(() => encodeMessage(registry, { ...unknown, type }))).toBe('content/bad-envelope')
    expect(codeOf(() => encodeMessage(registry, { ...unknown, raw: fromHex('cd0001') }))).toBe(
      'content/not-canonical',
    )
    expect(codeOf(() => encodeMessage(registry, { ...unknown, raw: fromHex('c0c0') }))).toBe(
      'content/malformed',
    )
    // The type may have been registered since it was received: then its schema has a say.
    expect(codeOf(() => encodeMessage(registry, { ...unknown, type: 'text' }))).toBe('content/invalid-body')
  })
})
