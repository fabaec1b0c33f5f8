// Hostile case 50: a secret, or what proves the knowledge of one, is compared by `constantTimeEqual` and nothing else.
//
// Read from the sources: whoever writes a comparison that stops at the first difference, over something whose name
// sounds secret, finds it here, and either uses the other one or says below why its time tells nobody anything.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packages, read, sources } from './lib/packages.js'

/** Comparisons of bytes that end early, by call or by loop. */
const EARLY_ENDING = [
  /\b(?:equalBytes|compareBytes|sameBytes|sameHash)\((.*)\)/,
  /\bBuffer\.compare\((.*)\)/,
  /(\S+)\.equals\((.*)\)/,
  /(\S+)\.every\(\((?:byte|b|value), \w+\) => (.*)\)/,
  /(\S+\[[^\]]+\]) [!=]== ((?:\w+\.)*\w+\[)/,
  /(toHex\(.*\)) [!=]==/,
  /[!=]== (toHex\(.*\))/,
]
/** Words of names that mean a secret, or a proof of one. */
const SECRET =
  /tag|mac(?!hine)|secret|token|proof|confirm|passw|passphrase|\bseed\b|messageKey|chainKey|rootKey|headerKey|hmac|mask/i

/** What looks like one and is none. `line` is a part of the source line, `why` for the reader. */
const PUBLIC: readonly { readonly file: string; readonly line: string; readonly why: string }[] = [
  {
    file: 'messenger/src/group-frames.ts',
    line: 'groupFrameTag(crypto, row.tagKey, box)',
    why: 'a tag finds the epoch and proves nothing; the AEAD behind it does',
  },
  {
    file: 'mls/src/lite/frame.ts',
    line: 'marks.tag.every((byte, i) => byte === frame[i])',
    why: 'a tag finds the epoch and proves nothing; the AEAD behind it does',
  },
  {
    file: 'mls/src/order/choice.ts',
    line: 'compareBytes(fromHex(a.node.tag), fromHex(b.node.tag))',
    why: 'hashes of commits, which every member has',
  },
  {
    file: 'payment/src/tokens/token.ts',
    line: 'token[0] !== TYPE[0] || token[1] !== TYPE[1]',
    why: 'the type that every token begins with, from RFC 9578',
  },
  {
    file: 'ratchet/src/header-chain.ts',
    line: 'frame[TAG_OFFSET + i] !== mask[i]',
    why: 'a tag finds the message and proves nothing; once sent it is public, and an index of tags is a map',
  },
]

interface Found {
  readonly file: string
  readonly text: string
}

const lines: Found[] = packages().flatMap((of) =>
  sources(of).flatMap((file) =>
    read(of.folder, file)
      .split('\n')
      .map((text) => ({ file: join(of.name, file), text })),
  ),
)

/** The arguments of a comparison that ends early; undefined for any other line. */
function compared(text: string): string | undefined {
  if (/^\s*(\*|\/\/|\/\*|import\b)/.test(text)) return undefined
  for (const pattern of EARLY_ENDING) {
    const match = pattern.exec(text)
    if (match !== null) return match.slice(1).join(' ')
  }
  return undefined
}

const isAllowed = ({ file, text }: Found): boolean =>
  PUBLIC.some((one) => one.file === file && text.includes(one.line))

describe('hostile 50: comparison of secrets', () => {
  it('sees what it looks for', () => {
    for (const text of [
      "  if (!equalBytes(expectedTag, tag)) throw new Error('no')",
      '  return Buffer.compare(a.mac, b.mac) === 0',
      '  if (proof.equals(other)) return true',
      '  return token.every((byte, i) => byte === other[i])',
      '  for (let i = 0; i < 16; i++) if (mac[i] !== own[i]) return false',
      '  if (toHex(confirmation) === received) return',
    ]) {
      expect([text, SECRET.test(compared(text) ?? '')]).toEqual([text, true])
    }
    for (const text of ['  if (!equalBytes(hash, other)) return', '// equalBytes(tag, mac)']) {
      expect([text, SECRET.test(compared(text) ?? '')]).toEqual([text, false])
    }
    expect(lines.filter(({ text }) => compared(text) !== undefined).length).toBeGreaterThan(40)
  })

  it('of a tag, MAC, token, proof or key is made in constant time everywhere', () => {
    const suspects = lines.filter((found) => SECRET.test(compared(found.text) ?? '') && !isAllowed(found))
    expect(suspects.map(({ file, text }) => `${file}: ${text.trim()}`)).toEqual([])
  })

  it('has one implementation, which the packages share', () => {
    const own = lines.filter(({ text }) => /timingSafeEqual|function \w*[cC]onstantTime\w*\(/.test(text))
    expect(own.map(({ file, text }) => `${file}: ${text.trim()}`)).toEqual([
      expect.stringMatching(/^crypto\/src\/compare\.ts: export function constantTimeEqual\(/),
    ])
    expect(lines.filter(({ text }) => /constantTimeEqual\(/.test(text)).length).toBeGreaterThan(5)
  })

  it('lists no exception that is no longer there', () => {
    for (const { file, line } of PUBLIC) {
      expect([file, lines.some((found) => found.file === file && found.text.includes(line))]).toEqual([
        file,
        true,
      ])
    }
  })
})
