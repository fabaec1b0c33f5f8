// Facts of RFC 9421 appendix B and RFC 9530 appendix B, typed in.
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type InnerList, parseDictionary } from 'structured-headers'
import { describe, expect, it } from 'vitest'
import { contentDigest, digestMatches } from '../../src/rest/digest.js'
import { readSignature, type SignedMessage, signatureBase } from '../../src/rest/signature.js'

// B.1.4: test-key-ed25519, the last 32 bytes of its encodings.
const PUBLIC = Buffer.from('JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=', 'base64')
const SEED = Buffer.from('n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU=', 'base64')

// B.2: the test request.
const HEADERS: readonly (readonly [string, string])[] = [
  ['Host', 'example.com'],
  ['Date', 'Tue, 20 Apr 2021 02:07:55 GMT'],
  ['Content-Type', 'application/json'],
  [
    'Content-Digest',
    'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:',
  ],
  ['Content-Length', '18'],
]
const BODY = Buffer.from('{"hello": "world"}')

// B.2.6.
const INPUT =
  'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"'
const SIGNATURE =
  'sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:'
const BASE = [
  '"date": Tue, 20 Apr 2021 02:07:55 GMT',
  '"@method": POST',
  '"@path": /foo',
  '"@authority": example.com',
  '"content-type": application/json',
  '"content-length": 18',
  '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
].join('\n')

function message(headers: readonly (readonly [string, string])[] = HEADERS): SignedMessage {
  return {
    method: 'POST',
    authority: 'example.com',
    path: '/foo',
    query: '?param=Value&Pet=dog',
    field: (name) => {
      const values = headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)
      return values.length === 0 ? undefined : values
    },
  }
}

const input = (text: string): InnerList => [...parseDictionary(text).values()][0] as InnerList

describe('RFC 9421 B.2.6, Ed25519', () => {
  it('has this signature base and this signature', () => {
    expect(signatureBase(input(INPUT), message())).toBe(BASE)
    const key = crypto.ed25519.importSeed(SEED)
    expect(Buffer.from(key.publicKey).equals(PUBLIC)).toBe(true)
    const signed = readSignature(message([...HEADERS, ['Signature-Input', INPUT], ['Signature', SIGNATURE]]))
    if (signed === undefined || signed === null) throw new Error('not read')
    expect(signed.components).toHaveLength(6)
    expect(crypto.ed25519.verify(PUBLIC, Buffer.from(BASE), signed.signature)).toBe(true)
    expect(Buffer.from(crypto.ed25519.sign(key, Buffer.from(BASE)))).toEqual(Buffer.from(signed.signature))
  })

  it('does not verify over anything else', () => {
    const signature = readSignature(
      message([...HEADERS, ['Signature-Input', INPUT], ['Signature', SIGNATURE]]),
    )?.signature as Uint8Array
    const others: SignedMessage[] = [
      { ...message(), method: 'GET' },
      { ...message(), path: '/fo' },
      { ...message(), authority: 'example.org' },
      message(HEADERS.map(([name, value]) => [name, value.replace('2021', '2022')])),
      message([...HEADERS, ['date', 'again']]),
    ]
    for (const other of others) {
      const base = signatureBase(input(INPUT), other)
      expect(base).toBeDefined()
      expect(crypto.ed25519.verify(PUBLIC, Buffer.from(base as string), signature)).toBe(false)
    }
  })
})

describe('components, RFC 9421 section 2', () => {
  const first = (text: string, from = message()): string | undefined =>
    signatureBase(input(`sig=(${text})`), from)?.split('\n')[0]

  it.each([
    // Section 2.1, the fields of one message.
    ['"x-ows-header"', '"x-ows-header": Leading and trailing whitespace.'],
    ['"x-obs-fold-header"', '"x-obs-fold-header": Obsolete line folding.'],
    ['"cache-control"', '"cache-control": max-age=60, must-revalidate'],
    ['"x-empty-header"', '"x-empty-header": '],
    // Section 2.2.
    ['"@method"', '"@method": POST'],
    ['"@authority"', '"@authority": example.com'],
    ['"@path"', '"@path": /foo'],
    ['"@query"', '"@query": ?param=Value&Pet=dog'],
  ])('%s is %s', (name, line) => {
    const from = message([
      ...HEADERS,
      ['X-OWS-Header', '   Leading and trailing whitespace.   '],
      ['X-Obs-Fold-Header', 'Obsolete line folding.'],
      ['Cache-Control', 'max-age=60'],
      ['Cache-Control', '   must-revalidate'],
      ['X-Empty-Header', ''],
    ])
    expect(first(name, from)).toBe(line)
  })

  it.each([
    '"absent"',
    '"@unknown"',
    '"@status"',
    '"@query-param";name="Pet"',
    '"date";bs',
    '"date" "date"',
    'date',
    '1',
  ])('%s is refused', (text) => {
    expect(first(text)).toBeUndefined()
  })

  it.each([
    ['nothing', [], undefined],
    ['an input without a signature', [['Signature-Input', INPUT]], null],
    ['a signature without an input', [['Signature', SIGNATURE]], null],
    [
      'another label',
      [
        ['Signature-Input', INPUT],
        ['Signature', SIGNATURE.replace('b26', 'b25')],
      ],
      null,
    ],
    [
      'two of them',
      [
        ['Signature-Input', `${INPUT}, b=()`],
        ['Signature', `${SIGNATURE}, b=:AA==:`],
      ],
      null,
    ],
    [
      'no inner list',
      [
        ['Signature-Input', 'sig-b26=1'],
        ['Signature', SIGNATURE],
      ],
      null,
    ],
    [
      'no bytes',
      [
        ['Signature-Input', INPUT],
        ['Signature', 'sig-b26="x"'],
      ],
      null,
    ],
    [
      'no structured field',
      [
        ['Signature-Input', '((('],
        ['Signature', ')))'],
      ],
      null,
    ],
    [
      'a token as component',
      [
        ['Signature-Input', 'sig-b26=(date)'],
        ['Signature', SIGNATURE],
      ],
      null,
    ],
  ] as const)('%s is no signature', (_what, headers, expected) => {
    expect(readSignature(message(headers))).toBe(expected)
  })
})

describe('RFC 9530', () => {
  it('knows these digests', () => {
    const body = Buffer.from('{"hello": "world"}\n')
    // RFC 9530 section 2 and appendix B.1.
    expect(digestMatches('sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:', body, crypto)).toBe(true)
    expect(contentDigest(body, crypto)).toBe('sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:')
    // RFC 9421 appendix B.2, without the newline.
    const both = `sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:, ${HEADERS[3]?.[1]}`
    expect(digestMatches(both, BODY, crypto)).toBe(true)
  })

  it.each([
    'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:',
    'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:, sha-512=:AAAA:',
    'md5=:AAAA:',
    'sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE',
    'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:;q=1',
    '',
    'sha-256=:',
  ])('refuses %s', (field) => {
    expect(digestMatches(field, BODY, crypto)).toBe(false)
  })
})
