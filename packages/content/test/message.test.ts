import { concatBytes, type MessageId, toHex } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import {
  createRegistry,
  decodeMessage,
  encodeMessage,
  fileContent,
  isMessageOf,
  type Message,
  receiptContent,
  textContent,
} from '../src/index.js'
import { codeOf, id, registry } from './support.js'

const hello: Message = { type: 'text', id: id(1), parents: [id(2)], sentAt: 1_700_000_000_123, body: { text: 'hello' } }

describe('message', () => {
  it('has one compact encoding', () => {
    const encoded = encodeMessage(registry, hello)
    expect(toHex(encoded)).toBe(
      '9301c426' + '7b68e5cf8b01' + '01'.repeat(16) + '02'.repeat(16) + '91a568656c6c6f',
    )
    // 44 bytes around the text: 'hello' and one parent fit the 56 usable bytes of the smallest frame.
    expect(encoded.length - 5).toBe(44)
    expect(decodeMessage(registry, encoded)).toEqual(hello)
  })
})
