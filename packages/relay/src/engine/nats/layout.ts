/**
 * How finely mail is divided into logs: few while there is little, so that records hold many frames; more as it
 * grows, so that a relay which serves a box reads little. spec/relay-engines.md section 2.5.
 *
 * The number is in a document that relays change by compare-and-swap, one step at a time. A finer or coarser division
 * is announced long before anybody writes by it, and no relay acts on a document that it read longer ago than a third
 * of that; so whoever reads knows all logs in which a frame may lie.
 */
import { systemClock } from '@hyphae/core'
import { RelayError } from '../../errors.js'
import type { Documents } from './documents.js'
import type { JetStream } from './jetstream.js'
import { LAYOUT_AGE_MS, LOG_BYTES } from './limits.js'
import { MAX_DIGITS, type Subjects } from './names.js'

export interface Layout {
  /** Hex digits of the logs that are written. */
  readonly digits: number
  /** Digits of the logs that will be written next. */
  readonly next?: number
  /** Digits of all logs that may hold something; those that are written first. */
  readonly read: readonly number[]
}

export interface Layouts {
  /** As it stood at most LAYOUT_AGE_MS ago; the same object as long as nothing has changed. */
  current(): Layout | Promise<Layout>
  onChange(listener: (layout: Layout) => void): void
  readonly ageMs: number
  /** Looks at the document, and takes the next step when it is time for one. */
  tend(): Promise<void>
}

export interface LayoutPace {
  /** Age of a document that may be acted on; announcements stand for three of it, empty logs are read for 360. */
  readonly ageMs?: number
  /** Bytes that a log holds before it is divided. */
  readonly logBytes?: number
}

export interface LayoutContext extends LayoutPace {
  readonly js: JetStream
  readonly names: Subjects
  readonly documents: Documents
}

const FIRST: Layout = { digits: 1, read: [1] }
const WAYS = 16
/** A division is taken back when this part of what it is for is left: mail that comes and goes changes nothing. */
const BACK = 1 / 8
const ANNOUNCED_AGES = 3
const EMPTY_AGES = 360

function encode(layout: Layout): Uint8Array {
  return Buffer.from(JSON.stringify(layout))
}

function isDigits(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_DIGITS
}

function decode(value: Uint8Array): Layout {
  const { digits, next, read } = JSON.parse(Buffer.from(value).toString()) as Partial<Layout>
  if (!isDigits(digits) || !Array.isArray(read) || read[0] !== digits || !read.every(isDigits))
    throw new RelayError('relay/data-corrupt')
  return isDigits(next) ? { digits, next, read } : { digits, read }
}

/** The division for so much mail, seen from the one there is. */
export function digitsFor(bytes: number, digits: number, logBytes: number = LOG_BYTES): number {
  if (digits < MAX_DIGITS && bytes > WAYS ** digits * logBytes) return digits + 1
  if (digits > 1 && bytes < WAYS ** (digits - 1) * logBytes * BACK) return digits - 1
  return digits
}

/** What stands in the document now, and since when this relay has seen it so. */
interface Seen {
  readonly text: string
  readonly layout: Layout
  readonly since: number
}

/** Digits of the logs that are there. */
async function digitsThere({ js, names }: LayoutContext): Promise<Set<number>> {
  const subjects = [
    ...(await js.subjects(names.mail, names.bucket('*'))).keys(),
    ...(await js.subjects(names.mail, names.note('*'))).keys(),
  ]
  return new Set(subjects.map((subject) => names.keyOf(subject).length))
}

/** The next step from here; undefined: none yet. */
async function stepFrom(context: LayoutContext, { layout, since }: Seen): Promise<Layout | undefined> {
  const { ageMs = LAYOUT_AGE_MS, logBytes, js, names } = context
  const { digits, next, read } = layout
  const age = systemClock.now() - since
  if (next !== undefined)
    return age < ANNOUNCED_AGES * ageMs
      ? undefined
      : { digits: next, read: [next, ...read.filter((one) => one !== next)] }
  const { bytes } = await js.info(names.mail)
  const wanted = digitsFor(bytes, digits, logBytes)
  if (wanted !== digits) return { digits, next: wanted, read: [...new Set([...read, wanted])] }
  if (read.length === 1 || age < EMPTY_AGES * ageMs) return undefined
  const there = await digitsThere(context)
  const left = read.filter((one) => one === digits || there.has(one))
  return left.length < read.length ? { digits, read: left } : undefined
}

/** Creates the document where there is none. */
export async function openLayouts(context: LayoutContext): Promise<Layouts> {
  const { documents, names, ageMs = LAYOUT_AGE_MS } = context
  const subject = names.document('mail', 'logs')
  const listeners: ((layout: Layout) => void)[] = []
  let seen: Seen = { text: '', layout: FIRST, since: 0 }
  let readAt = Number.NEGATIVE_INFINITY
  let reading: Promise<Layout> | undefined
  const look = async (): Promise<Layout> => {
    const begun = systemClock.now()
    const value =
      (await documents.get(subject)) ??
      (await documents.change(subject, (held) => {
        const result = held ?? encode(FIRST)
        return { next: held === undefined ? result : undefined, result }
      }))
    readAt = begun
    const text = Buffer.from(value).toString()
    if (text === seen.text) return seen.layout
    seen = { text, layout: decode(value), since: systemClock.now() }
    for (const listener of listeners) listener(seen.layout)
    return seen.layout
  }
  const refresh = (): Promise<Layout> => {
    reading ??= look().finally(() => {
      reading = undefined
    })
    return reading
  }
  await refresh()
  return {
    ageMs,
    current: () => (systemClock.now() - readAt < ageMs ? seen.layout : refresh()),
    onChange: (listener) => {
      listeners.push(listener)
    },
    tend: async () => {
      await refresh()
      const from = seen
      const step = await stepFrom(context, from)
      if (step === undefined) return
      await documents.change(subject, (held) => {
        // Another relay was faster.
        const stale = held === undefined || Buffer.from(held).toString() !== from.text
        return { next: stale ? undefined : encode(step), result: undefined }
      })
      await refresh()
    },
  }
}
