import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { displayName, KIND_PROFILE, nip05Name, readProfile, signEvent } from '../../src/portable.js'
import { keyOf, nostr } from '../support/keys.js'

const profile = (content: string, kind = KIND_PROFILE) =>
  readProfile(signEvent(nostr, keyOf(1), { kind, created_at: 1, tags: [], content }))

const character = fc.nat({ max: 0x10ffff }).map((point) => String.fromCodePoint(point))

describe('hostile 46: names that people give themselves', () => {
  it.each([
    ['a Cyrillic а among Latin letters', 'pаypal'],
    ['a Greek omicron', 'Bοb'],
    ['full-width Latin among Cyrillic', 'ада\uff41'],
    ['a turned direction', 'alice\u202egnp.exe'],
    ['an isolate', 'a\u2066b'],
    ['a zero-width space', 'ali\u200bce'],
    ['a joiner between letters', 'ali\u200dce'],
    ['a soft hyphen', 'ali\u00adce'],
    ['a byte order mark', 'ali\ufeffce'],
    ['a Hangul filler', '\u3164'],
    ['a line', 'alice\nadmin'],
    ['a line separator', 'alice\u2028admin'],
    ['private use', 'alice\ue000'],
    ['half a surrogate pair', 'alice\ud800'],
    ['nothing', '   '],
    ['no text', 7],
    ['more than fits a line', 'x'.repeat(65)],
  ])('with %s are none', (_what, name) => {
    expect(displayName(name)).toBeNull()
  })

  it.each([
    ['alice', 'alice'],
    ['  Zoe\u0308  Müller ', 'Zoë Müller'],
    ['Анна', 'Анна'],
    ['日本 taro', '日本 taro'],
    ['fam 👩‍👩‍👧', 'fam 👩‍👩‍👧'],
  ])('such as %j are shown composed and trimmed', (name, shown) => {
    expect(displayName(name)).toBe(shown)
  })

  it('are the same when they are read again', () => {
    fc.assert(
      fc.property(fc.array(character, { maxLength: 80 }), (characters) => {
        const text = characters.join('')
        const shown = displayName(text)
        if (shown !== null) expect(displayName(shown)).toBe(shown)
      }),
      { numRuns: 30 },
    )
  })

  it.each([
    'аda@example.com',
    'ada@exаmple.com',
    'Ada@example.com',
    'ada@@example.com',
    'ada@localhost',
    'ada@1.2.3.4',
    '@example.com',
    'ada@example.com/x',
    'ada\u200b@example.com',
  ])('such as %s are not NIP-05 names', (name) => {
    expect(nip05Name(name)).toBeNull()
  })

  it('stand in profiles, whatever else is in them', () => {
    expect(profile('{"name":"ada","nip05":"_@example.com","about":{"__proto__":1}}')).toEqual({
      name: 'ada',
      nip05: '_@example.com',
    })
    expect(profile('{"display_name":"p\\u0430ypal","name":"ada","nip05":["x"]}')).toEqual({
      name: 'ada',
      nip05: undefined,
    })
    expect(profile('{"name":{"toString":1}}')).toEqual({ name: undefined, nip05: undefined })
    for (const content of ['', '[]x', 'null', '"ada"']) expect(profile(content)).toBeNull()
    expect(profile('{"name":"ada"}', 1)).toBeNull()
  })
})
