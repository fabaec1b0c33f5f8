/** Hostile case 47, what an attachment claims to be: no paths, no false type, no disguise. */
import { utf8 } from '@hyphae/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanFileName, cleanMediaType, fileContent } from '../../src/index.js'
import { codeOf } from '../support.js'

const cases: readonly (readonly [string, string])[] = [
  ['report.pdf', 'report.pdf'],
  ['../../etc/passwd', '_.._etc_passwd'],
  ['..\\..\\boot.ini', '_.._boot.ini'],
  ['/etc/passwd', '_etc_passwd'],
  ['C:\\x.exe', 'C__x.exe'],
  ['a:stream', 'a_stream'],
  ['.', 'file'],
  ['..', 'file'],
  ['', 'file'],
  [' . ', 'file'],
  ['.bashrc', 'bashrc'],
  ['name. . ', 'name'],
  ['a\u0000b\nc\u001b[2J', 'abc[2J'],
  ['photo\u202egpj.exe', 'photogpj.exe'],
  ['a\u2066b\u2069\u200e\u061cc', 'abc'],
  ['in\u200bvis\u2060ible\ufeff', 'invisible'],
  ['e\u200b\u0301', 'é'],
  ['\ud800lone', 'lone'],
  ['con', '_con'],
  ['NUL.txt', '_NUL.txt'],
  ['com1', '_com1'],
  ['console.log', 'console.log'],
  ['日本語.txt', '日本語.txt'],
  ['a?b*c"d<e>f|g', 'a_b_c_d_e_f_g'],
]

describe('hostile 47: names of attachments', () => {
  it('come out bare', () => {
    for (const [given, clean] of cases) expect(cleanFileName(given), JSON.stringify(given)).toBe(clean)
  })

  it('are at most 255 bytes and keep their extension', () => {
    const long = cleanFileName(`${'ä'.repeat(5000)}.pdf`)
    expect(utf8(long).length).toBe(254)
    expect(long.endsWith('ä.pdf')).toBe(true)
    expect(cleanFileName(`con${' '.repeat(300)}.txt`)).toBe('_con.txt')
    expect(cleanFileName('x'.repeat(256))).toBe('x'.repeat(255))
    expect(cleanFileName(`a.${'x'.repeat(300)}`)).toHaveLength(255)
  })

  it('are clean after one cleaning, whatever they were', () => {
    const unit = fc.oneof(
      fc.constantFrom(
        '.',
        ' ',
        '/',
        '\\',
        '\u202e',
        '\u0301',
        'e',
        'con',
        '\u0000',
        '\ud800',
        '\udc00',
        '😀',
        'ａ',
        '\u3000',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    )
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 300 }), (units) => {
        const clean = cleanFileName(units.join(''))
        expect(cleanFileName(clean)).toBe(clean)
        expect(clean).toMatch(/^[^./\\\p{Cc}\s][^/\\\p{Cc}]*$/u)
        expect(utf8(clean).length).toBeLessThanOrEqual(255)
      }),
      { numRuns: 1000 },
    )
  })

  it('are refused when received unclean', () => {
    const bytes = new Uint8Array(32)
    const file = { mediaType: 'text/plain', size: 1, root: bytes, key: bytes, manifest: bytes, count: 1 }
    for (const [given, clean] of cases) {
      const expected = given === clean ? 'no error' : 'content/invalid-body'
      expect(codeOf(() => fileContent.validate({ ...file, name: given }))).toBe(expected)
    }
  })

  it('have a media type that is one, or the opaque one', () => {
    expect(cleanMediaType('Text/HTML; charset=utf-8')).toBe('text/html')
    expect(cleanMediaType('image/svg+xml')).toBe('image/svg+xml')
    for (const bad of [
      '',
      'image',
      'image/',
      '/png',
      'a/b/c',
      'text/html\n',
      'té/x',
      `x/${'y'.repeat(200)}`,
      'x'.repeat(10_000),
    ])
      expect(cleanMediaType(bad)).toBe(bad === 'text/html\n' ? 'text/html' : 'application/octet-stream')
  })
})
