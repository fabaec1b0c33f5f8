/** What a Link must do when a reader sleeps, the network breaks, or a stranger speaks nonsense. */
import { isHyphaeError } from '@hyphae/core'
import { asked, type ComplianceCase, caseWith, given, pause, rule, soon } from './compliance.js'
import { LINK_FLOOD_FRAMES, QUIET_MS } from './limits.js'
import { deliver, type LinkReader, linkReader } from './link-reader.js'
import {
  type LinkComplianceOptions,
  type LinkEnd,
  linkEnds,
  type OpenLink,
  UNRELIABLE,
} from './link-subject.js'

/** Real milliseconds without progress after which a sender is held up. */
const STUCK_MS = 250

/** The number of the last frame of a round. */
const LAST = 0xffff_ffff

interface Flood {
  /** Frames that were taken so far. */
  readonly taken: number
  /** Resolves when all are sent, or the signal fired; with the error that ended it. */
  readonly over: Promise<unknown>
}

/** Sends numbered frames one after the other. */
function flood({ link, peer }: LinkEnd, count: number, signal: AbortSignal): Flood {
  const state = { taken: 0, over: Promise.resolve() as Promise<unknown> }
  const run = async (): Promise<unknown> => {
    for (; state.taken < count; state.taken++) {
      const frame = new Uint8Array(4096)
      new DataView(frame.buffer).setUint32(0, state.taken)
      try {
        await link.send(peer, frame, { signal })
      } catch (error) {
        return error
      }
    }
    return undefined
  }
  state.over = run()
  return state
}

/** Waits until nothing more is taken, or all is. */
async function stuck(flooding: Flood, patienceMs: number): Promise<void> {
  const tries = Math.ceil((10 * patienceMs) / STUCK_MS)
  for (let attempt = 0, before = -1; before !== flooding.taken; attempt++) {
    rule(attempt < tries, 'a sender is held up, or done, in time')
    before = flooding.taken
    await pause(STUCK_MS)
  }
}

const numberOf = (frame: Uint8Array): number => new DataView(frame.buffer, frame.byteOffset).getUint32(0)

export function linkFaultCases(open: OpenLink, options: LinkComplianceOptions): ComplianceCase[] {
  const make = caseWith(open)
  const { crypto } = options
  return [
    make('a reader that does not read holds its sender up, and loses nothing', async (subject) => {
      const { near, far, reliable, ordered, patienceMs } = linkEnds(subject, options)
      asked(reliable, UNRELIABLE)
      const flooding = flood(near, LINK_FLOOD_FRAMES, new AbortController().signal)
      await stuck(flooding, patienceMs)
      rule(flooding.taken < LINK_FLOOD_FRAMES, `not all of ${LINK_FLOOD_FRAMES} frames are taken in`)
      const reader = linkReader(far, patienceMs)
      const got = await reader.take(LINK_FLOOD_FRAMES, 'every frame, when it reads again')
      rule((await soon(flooding.over, 'the end of sending', patienceMs)) === undefined, 'none was refused')
      rule(new Set(got.map(numberOf)).size === LINK_FLOOD_FRAMES, 'each once')
      rule(!ordered || got.every((frame, index) => numberOf(frame) === index), 'in order')
    }),
    make('a sender that is held up can leave', async (subject) => {
      const { near, reliable, patienceMs } = linkEnds(subject, options)
      asked(reliable, UNRELIABLE)
      const stop = new AbortController()
      const flooding = flood(near, LINK_FLOOD_FRAMES, stop.signal)
      await stuck(flooding, patienceMs)
      stop.abort()
      const error = await soon(flooding.over, 'the end of a sending that waits', patienceMs)
      rule(isHyphaeError(error), 'it is refused with a HyphaeError')
    }),
    make('what was cut is connected again, and no frame comes twice', async (subject) => {
      const ends = linkEnds(subject, options)
      given(subject.cut, 'cut')
      const { near, far, patienceMs } = ends
      const reader = linkReader(far, patienceMs)
      const before = crypto.randomBytes(512)
      await deliver(ends, near, reader, before, 'a frame before')
      const seen = new Set([nameOf(before)])
      for (let round = 1; round <= 3; round++) {
        await subject.cut()
        const frames = afterCut(near, reader, round, ends.reliable ? seen : undefined)
        const got = await soon(frames, 'frames after the cut', 2 * patienceMs)
        rule(!ends.ordered || got.every((n, at) => at === 0 || n > (got[at - 1] as number)), 'in order')
      }
    }),
    make('nonsense is not heard, and disturbs nobody', async (subject) => {
      const ends = linkEnds(subject, options)
      given(subject.garble, 'garble')
      const { near, far, patienceMs } = ends
      const reader = linkReader(far, patienceMs)
      await deliver(ends, near, reader, crypto.randomBytes(512), 'a frame before')
      const nonsense = [0, 1, 2, 3, 64, 512, 4096, 100_000].map((size) => crypto.randomBytes(size))
      for (const bytes of [...nonsense, new Uint8Array(5000), new Uint8Array(5000).fill(255)])
        await soon(subject.garble(bytes), 'the end of saying nonsense', patienceMs)
      await pause(QUIET_MS)
      for (let index = 0; index < 3; index++)
        await deliver(ends, near, reader, crypto.randomBytes(512), 'the next that is heard is a true frame')
    }),
  ]
}

const nameOf = (frame: Uint8Array): string => `${frame[511]} ${numberOf(frame)}`

function numbered(round: number, number: number): Uint8Array {
  const bytes = new Uint8Array(512).fill(round)
  new DataView(bytes.buffer).setUint32(0, number)
  return bytes
}

/** Sends numbered frames until one has come, then a last one: again until it came, where it may be lost. */
async function sendNumbered(
  { link, peer }: LinkEnd,
  round: number,
  heard: () => 'nothing' | 'one' | 'all',
  reliable: boolean,
): Promise<void> {
  for (let number = 0; heard() === 'nothing'; number++) {
    // What is taken before the cut is noticed is lost; what is refused stays refused.
    await link.send(peer, numbered(round, number)).catch(() => {})
    await pause(QUIET_MS / 2)
  }
  do {
    await link.send(peer, numbered(round, LAST))
    if (!reliable) await pause(QUIET_MS)
  } while (!reliable && heard() !== 'all')
}

/** The numbers that came after a cut, none of which was seen before. */
async function afterCut(
  near: LinkEnd,
  reader: LinkReader,
  round: number,
  seen: Set<string> | undefined,
): Promise<number[]> {
  const got: number[] = []
  let over = false
  const heard = () => (over ? 'all' : got.length > 0 ? 'one' : 'nothing')
  const sending = sendNumbered(near, round, heard, seen !== undefined)
  sending.catch(() => {})
  try {
    while (got.at(-1) !== LAST) {
      const came = await reader.next('a frame after the cut')
      rule(!seen?.has(nameOf(came)), 'no frame comes twice')
      seen?.add(nameOf(came))
      // One of the round before may still have been under way.
      if (came[511] === round) got.push(numberOf(came))
    }
  } finally {
    over = true
  }
  await sending
  return got
}
