/** Hostile case 46: names that look like other names are canonical or refused. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { handleFromId, handleId, IdentityError, normalizeHandle } from '../../src/index.js'
import { codeOf } from '../support.js'

const cp = String.fromCodePoint
const refused = (text: string): void =>
  expect(
    codeOf(() => handleId(text)),
    JSON.stringify(text),
  ).toBe('identity/bad-handle')

/** Letters of UTS 39 that imitate a Latin lower-case letter, beside the letter. */
const imitations: readonly (readonly [number, string])[] = [
  [0x0430, 'a'],
  [0x0435, 'e'],
  [0x043e, 'o'],
  [0x0440, 'p'],
  [0x0441, 'c'],
  [0x0443, 'y'],
  [0x0445, 'x'],
  [0x0455, 's'],
  [0x0456, 'i'],
  [0x0458, 'j'],
  [0x04bb, 'h'],
  [0x04cf, 'l'],
  [0x0501, 'd'],
  [0x051b, 'q'],
  [0x051d, 'w'],
  [0x03b1, 'a'],
  [0x03bf, 'o'],
  [0x03c1, 'p'],
  [0x03bd, 'v'],
  [0x03b9, 'i'],
  [0x03c5, 'u'],
  [0x0131, 'i'],
  [0x0138, 'k'],
  [0x0251, 'a'],
  [0x0261, 'g'],
  [0x0269, 'i'],
  [0x0585, 'o'],
  [0x0578, 'n'],
  [0x05e1, 'o'],
  [0x0966, 'o'],
  [0x10e7, 'y'],
  [0x13a0, 'd'],
  [0xab75, 'i'],
  [0x1d04, 'c'],
]

describe('hostile 46: handles', () => {
  it('never mix scripts within a label', () => {
    for (const [imitation, letter] of imitations) {
      refused(`b${cp(imitation)}b@example.com`)
      refused(`bob@ex${cp(imitation)}mple.com`)
      expect(normalizeHandle(`b${letter}b@example.com`)).toBe(`b${letter}b@example.com`)
    }
    refused('ab가@example.com')
    refused('a王@example.com')
    refused('αб@example.com')
  })

  it('are never made of imitations alone', () => {
    for (const [imitation] of imitations) refused(`${cp(imitation)}@example.com`)
    for (const word of ['аррӏе', 'сосо', 'хуѕ', 'рёр', 'ονο', 'ρορ', 'оа1']) {
      refused(`${word}@example.com`)
      refused(`alice@${word}.com`)
    }
    // All Greek, and each letter has a Cyrillic twin.
    for (const word of ['πετροσ', 'τοπικε', 'φοτο']) refused(`${word}@example.com`)
    for (const word of ['иван', 'оксана', 'пётр', 'петр', 'νίκη', 'νικος', 'µαρια', 'πέτρος', 'ұлан', 'өнер'])
      expect(codeOf(() => handleId(`${word}@example.com`))).toBe('no error')
  })

  it('leave out letters that pass for another of their own script', () => {
    for (const code of [0x0115, 0x0131, 0x0138, 0x0149, 0x0163, 0x0450, 0x045d, 0x04bd, 0x04cc, 0x04cf]) {
      refused(`ok${cp(code)}ok@example.com`)
      refused(`ж${cp(code)}ж@example.com`)
    }
    // Long s is the one that NFKC folds.
    expect(normalizeHandle('\u017fun@example.com')).toBe('sun@example.com')
  })

  it('hold nothing invisible, bidirectional, combining or unassigned', () => {
    const hidden = [
      0x00, 0x09, 0x0a, 0x1b, 0x20, 0x7f, 0x85, 0xa0, 0xad, 0x034f, 0x061c, 0x115f, 0x17b4, 0x180b, 0x180e,
      0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2028, 0x202a, 0x202d, 0x202e, 0x2060, 0x2064, 0x2066, 0x2069,
      0x206f, 0x3164, 0xd800, 0xdc00, 0xfe00, 0xfe0f, 0xfeff, 0xffa0, 0xfff9, 0xfffd, 0xe0001, 0xe0041,
      0xe0100, 0x0378, 0x10ffff, 0x0336, 0x0338, 0x20dd, 0x0660, 0x0966, 0x1f600, 0x05d0, 0x0627, 0x2044,
      0x3002,
    ]
    for (const code of hidden)
      for (const text of [`al${cp(code)}ice@b.c`, `${cp(code)}alice@b.c`, `alice@b${cp(code)}.c`])
        refused(text)
  })

  it('come out the same, however they were composed', () => {
    for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'])
      expect(normalizeHandle('Ünïcödé@exämple.com'.normalize(form))).toBe('ünïcödé@exämple.com')
  })

  it('are canonical or refused, whatever comes', () => {
    const noise = fc.oneof(
      { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          'İ',
          'ß',
          'ẞ',
          'ς',
          '.',
          '-',
          '_',
          '\u0301',
          '\u0307',
          'K',
          'ǅ',
          'ﬁ',
          'ａ',
        ),
      },
    )
    const label = fc.constantFrom('Alice', 'ΣΊΣΥΦΟΣ', 'Жанна', '김', '王', 'é1', 'E\u0301')
    const part = fc.array(fc.oneof({ weight: 3, arbitrary: label }, { weight: 1, arbitrary: noise }), {
      minLength: 1,
      maxLength: 3,
    })
    const text = fc.tuple(part, part)
    let accepted = 0
    fc.assert(
      fc.property(text, ([local, domain]) => {
        const given = `${local.join('')}@${domain.join('')}`
        let canonical: string
        try {
          canonical = normalizeHandle(given)
        } catch (error) {
          expect(error).toBeInstanceOf(IdentityError)
          return
        }
        accepted++
        expect(normalizeHandle(canonical)).toBe(canonical)
        expect(canonical.normalize('NFKC').toLowerCase()).toBe(canonical)
        expect(handleId(given)).toEqual(handleId(canonical))
        expect([canonical, null]).toContain(handleFromId(handleId(given)))
        expect(canonical).toMatch(/^[\p{Ll}\p{Lo}0-9._-]+@[\p{Ll}\p{Lo}0-9.-]+$/u)
      }),
      { numRuns: 5000 },
    )
    expect(accepted).toBeGreaterThan(300)
  })
})
