/**
 * What the command prints: results on stdout, everything else on stderr; no stranger's control character reaches
 * a terminal. spec/cli.md section 3.
 */
import type { WholeIo } from './io.js'

export interface Printer {
  readonly json: boolean
  /** One result: the object as a line of JSON with --json, else the text as it stands. */
  result(object: Readonly<Record<string, unknown>>, text: string): Promise<void>
  /** One sentence for the person, on stderr. */
  note(text: string): Promise<void>
  /** A line that is drawn over by the next; nothing where stderr is not a terminal. */
  progress(text: string): void
  /** Dim text on a terminal. */
  dim(text: string): string
}

export function createPrinter(io: WholeIo, json: boolean): Printer {
  const colour = io.stdout.isTTY === true && (io.env.NO_COLOR ?? '') === ''
  let drawn = false
  const settle = (): string => {
    const erase = drawn ? '\r\x1b[K' : ''
    drawn = false
    return erase
  }
  return {
    json,
    result: async (object, text) => {
      if (drawn) await io.stderr.write(settle())
      await io.stdout.write(json ? jsonLine(object) : `${text}\n`)
    },
    note: async (text) => {
      await io.stderr.write(`${settle()}${text}\n`)
    },
    progress: (text) => {
      if (io.stderr.isTTY !== true) return
      void io.stderr.write(`${settle()}${text}`)
      drawn = true
    },
    dim: (text) => (colour ? `\x1b[2m${text}\x1b[22m` : text),
  }
}

type Range = readonly [from: number, to: number]

/** C0 but tab and newline, and what JSON escapes by itself. */
const LOW: readonly Range[] = [
  [0x00, 0x08],
  [0x0b, 0x1f],
]

/** DEL and C1, direction marks, overrides and isolates, line separators, byte order mark, tag characters. */
const HIGH: readonly Range[] = [
  [0x7f, 0x9f],
  [0x61c, 0x61c],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  [0x2066, 0x2069],
  [0xfeff, 0xfeff],
  [0xe0000, 0xe007f],
]

const DANGEROUS = anyOf([...LOW, ...HIGH])
const UNESCAPED = anyOf(HIGH)

function anyOf(ranges: readonly Range[]): RegExp {
  const written = ranges.map(([from, to]) => `\\u{${from.toString(16)}}-\\u{${to.toString(16)}}`)
  return new RegExp(`[${written.join('')}]`, 'gu')
}

/** A received text for the terminal: what a terminal would obey is shown instead, in one visible sign each. */
export function printable(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(DANGEROUS, (character) => {
    const code = character.codePointAt(0) as number
    if (code < 0x20) return String.fromCodePoint(0x2400 + code)
    return code === 0x7f ? '␡' : '�'
  })
}

/** The same on one line: names. */
export function printableLine(text: string): string {
  return printable(text.replace(/[\n\t]/g, ' '))
}

/** Indented, so that no text can look like a line of ours. */
export function indented(text: string): string {
  return printable(text)
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')
}

/** One line; the value is unchanged, only its spelling is safe to print. */
export function jsonLine(object: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(object).replace(UNESCAPED, escaped)}\n`
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}

/** `2026-05-04 09:30` in the local time zone. */
export function localTime(at: number): string {
  const date = new Date(at)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`
}

export function readableSize(bytes: number): string {
  if (bytes < 10_000) return `${bytes} B`
  return bytes < 10_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}

export function percent(done: number, total: number): string {
  return `${total === 0 ? 100 : Math.floor((100 * done) / total)} %`
}
