import { base64 } from '@scure/base'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeBase64, encodeBase64 } from '../src/base64.js'

const strict = (text: string): Uint8Array | null => {
  try {
    return base64.decode(text)
  } catch {
    return null
  }
}

it('base64 is read as strictly as the portable code reads it', () => {
  const character = fc.constantFrom(...'AQgwBEIMcks048+/=-_ \nŁé'.split(''))
  fc.assert(
    fc.property(fc.array(character, { maxLength: 9 }), (characters) => {
      const text = characters.join('')
      expect(decodeBase64(text)).toEqual(strict(text))
    }),
    { numRuns: 3_000 },
  )
})

it('every last character of each length is taken or refused as it should be', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  for (const last of alphabet)
    for (const text of [`A${last}==`, `AA${last}=`, `AAA${last}`, `A${last}=`, `${last}===`])
      expect(decodeBase64(text)).toEqual(strict(text))
})

it('what is encoded comes back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes)
    }),
  )
})
