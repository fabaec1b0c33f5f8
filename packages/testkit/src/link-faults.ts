/** What a Link must do when a reader sleeps, the network breaks, or a stranger speaks nonsense. */
import { isHyphaeError } from '@hyphae/core'
import { type ComplianceCase, caseWith, pause, rule, soon } from './compliance.js'
import { LINK_FLOOD_FRAMES, QUIET_MS } from './limits.js'
import { deliver, type LinkReader, linkReader } from './link-reader.js'
import { type LinkComplianceOptions, type LinkEnd, linkEnds, type OpenLink } from './link-subject.js'

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
      if (!reliable) return
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
      if (!reliable) return
      const stop = new AbortController()
      const flooding = flood(near, LINK_FLOOD_FRAMES, stop.signal)
      await stuck(flooding, patienceMs)
      stop.abort()
      const error = await soon(flooding.over, 'the end of a sending that waits', patienceMs)
      rule(isHyphaeError(error), 'it is refused with a HyphaeError')
    }),
    make('what was cut is connected again, and no frame comes twice', async (subject) => {
      const ends = linkEnds(subject, options)
      if (subject.cut === undefined) return
      const { near, far, patienceMs } = ends
      const reader = linkReader(far, patienceMs)
      await deliver(ends, near, reader, crypto.randomBytes(512), 'a frame before')
      for (let round = 1; round <= 3; round++) {
        await subject.cut()
        const got = await soon(afterCut(near, reader, round), 'frames after the cut', patienceMs)
        rule(new Set(got).size === got.length, 'no frame comes twice')
        rule(!ends.ordered || got.every((n, at) => at === 0 || n > (got[at - 1] as number)), 'in order')
      }
    }),
    make('nonsense is not heard, and disturbs nobody', async (subject) => {
      const ends = linkEnds(subject, options)
      if (subject.garble === undefined) return
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

/** Sends numbered frames until one has come, then a last one; gives the numbers that came. */
async function afterCut(near: LinkEnd, reader: LinkReader, round: number): Promise<number[]> {
  const frame = (number: number): Uint8Array => {
    const bytes = new Uint8Array(512).fill(round)
    new DataView(bytes.buffer).setUint32(0, number)
    return bytes
  }
  const got: number[] = []
  const sending = (async (): Promise<void> => {
    for (let number = 0; got.length === 0; number++) {
      // What is taken before the cut is noticed is lost; what is refused stays refused.
      await near.link.send(near.peer, frame(number)).catch(() => {})
      await pause(QUIET_MS / 2)
    }
    await near.link.send(near.peer, frame(LAST))
  })()
  for (;;) {
    const came = await reader.next('a frame after the cut')
    // One of the round before may still have been under way.
    if (came[511] !== round) continue
    got.push(numberOf(came))
    if (numberOf(came) !== LAST) continue
    await sending
    return got
  }
}
