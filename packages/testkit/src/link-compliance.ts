/** What every Link must do (spec/transport.md, "Links"). */
import { FRAME_SIZES, toHex } from '@hyphae/core'
import {
  asked,
  type ComplianceCase,
  caseWith,
  pause,
  rule,
  ruleBytes,
  ruleRefused,
  soon,
} from './compliance.js'
import { QUIET_MS } from './limits.js'
import { linkFaultCases } from './link-faults.js'
import { deliver, linkReader } from './link-reader.js'
import { type LinkComplianceOptions, linkEnds, type OpenLink, UNRELIABLE } from './link-subject.js'

const MANY = 200

/** Each case opens a fresh pair of peers. */
export function linkCompliance(open: OpenLink, options: LinkComplianceOptions): ComplianceCase[] {
  return [
    ...frameCases(open, options),
    ...manyCases(open, options),
    ...endCases(open, options),
    ...linkFaultCases(open, options),
  ]
}

function frameCases(open: OpenLink, options: LinkComplianceOptions): ComplianceCase[] {
  const make = caseWith(open)
  const { crypto } = options
  return [
    make('frames of every size come as they went, from who sent them', async (subject) => {
      const ends = linkEnds(subject, options)
      const reader = linkReader(ends.far, ends.patienceMs)
      for (const size of FRAME_SIZES)
        await deliver(ends, ends.near, reader, crypto.randomBytes(size), `a frame of ${size} bytes`)
    }),
    make('who was spoken to can answer', async (subject) => {
      const ends = linkEnds(subject, options)
      const [there, back] = [
        linkReader(ends.far, ends.patienceMs),
        linkReader(ends.near, ends.patienceMs),
      ] as const
      for (let turn = 0; turn < 3; turn++) {
        await deliver(ends, ends.near, there, crypto.randomBytes(512), 'a question')
        await deliver(ends, ends.far, back, crypto.randomBytes(512), 'an answer')
      }
    }),
    make('a frame is its receiver’s alone, and its sender’s again when it is sent', async (subject) => {
      const ends = linkEnds(subject, options)
      asked(ends.reliable, UNRELIABLE)
      const reader = linkReader(ends.far, ends.patienceMs)
      const [first, second] = [crypto.randomBytes(512), crypto.randomBytes(512)]
      const kept = first.slice()
      await ends.near.link.send(ends.near.peer, first)
      first.fill(0)
      const got = await reader.next('the frame')
      ruleBytes(got, kept, 'what was sent, not what became of it')
      got.fill(0)
      await deliver(ends, ends.near, reader, second, 'the next frame')
      rule(
        got.every((byte) => byte === 0),
        'a frame that was given is not written to',
      )
    }),
    make('what is not a frame is refused, and nobody hears of it', async (subject) => {
      const ends = linkEnds(subject, options)
      const reader = linkReader(ends.far, ends.patienceMs)
      for (const size of [0, 1, 127, 129, 511, 2047, 4095, 4097, 65_536])
        await ruleRefused(() => ends.near.link.send(ends.near.peer, new Uint8Array(size)), `${size} bytes`)
      await deliver(ends, ends.near, reader, crypto.randomBytes(512), 'a good frame after them')
    }),
  ]
}

function manyCases(open: OpenLink, options: LinkComplianceOptions): ComplianceCase[] {
  const make = caseWith(open)
  const { crypto } = options
  return [
    make(`${MANY} frames at once come as the traits say`, async (subject) => {
      const ends = linkEnds(subject, options)
      const reader = linkReader(ends.far, ends.patienceMs)
      await deliver(ends, ends.near, reader, crypto.randomBytes(128), 'the first frame')
      const sent = Array.from({ length: MANY }, () => crypto.randomBytes(512))
      const sending = Promise.all(sent.map((frame) => ends.near.link.send(ends.near.peer, frame)))
      if (!ends.reliable) {
        await soon(sending, 'the end of sending', ends.patienceMs)
        return
      }
      const got = await reader.take(MANY, 'each frame once')
      await soon(sending, 'the end of sending', ends.patienceMs)
      ruleSame(got, sent, ends.ordered)
    }),
    make('both may begin at once', async (subject) => {
      const ends = linkEnds(subject, options)
      asked(ends.reliable, UNRELIABLE)
      const sides = [
        { from: ends.near, reader: linkReader(ends.far, ends.patienceMs) },
        { from: ends.far, reader: linkReader(ends.near, ends.patienceMs) },
      ]
      // The far side may have no way to the near one until that one has spoken.
      await ends.near.link.send(ends.near.peer, new Uint8Array(128))
      await sides[0]?.reader.next('the first frame')
      const frames = sides.map(() => Array.from({ length: 20 }, () => crypto.randomBytes(512)))
      const work = sides.map(async ({ from, reader }, side) => {
        const sent = frames[side] as Uint8Array[]
        const sending = Promise.all(sent.map((frame) => from.link.send(from.peer, frame)))
        const got = await reader.take(sent.length, 'each frame once')
        await soon(sending, 'the end of sending', ends.patienceMs)
        ruleSame(got, sent, ends.ordered)
      })
      await Promise.all(work)
    }),
  ]
}

function endCases(open: OpenLink, options: LinkComplianceOptions): ComplianceCase[] {
  const make = caseWith(open)
  const { crypto } = options
  return [
    make('who is not there is not sent to', async (subject) => {
      const { near, reliable, patienceMs } = linkEnds(subject, options)
      const frame = crypto.randomBytes(512)
      await ruleRefused(() => near.link.send('', frame), 'no name')
      asked(reliable, UNRELIABLE)
      const attempt = soon(near.link.send(subject.stranger, frame), 'an answer', patienceMs)
      await ruleRefused(() => attempt, 'somebody who is not there')
    }),
    make('an aborted sending is refused', async (subject) => {
      const { near } = linkEnds(subject, options)
      const signal = AbortSignal.abort()
      const attempt = (): Promise<void> => near.link.send(near.peer, crypto.randomBytes(512), { signal })
      await ruleRefused(attempt, 'aborted before it began')
    }),
    make('the signal ends a reading that waits, and another may begin', async (subject) => {
      const ends = linkEnds(subject, options)
      const { far, patienceMs } = ends
      const stop = new AbortController()
      const frames = far.link.frames({ signal: stop.signal })[Symbol.asyncIterator]()
      const next = frames.next()
      await pause(QUIET_MS)
      stop.abort()
      rule(
        (await soon(next, 'the end of the reading', patienceMs)).done === true,
        'it ends, it does not throw',
      )
      rule((await soon(frames.next(), 'the end again', patienceMs)).done === true, 'and stays ended')
      const early = far.link.frames({ signal: AbortSignal.abort() })[Symbol.asyncIterator]()
      rule((await soon(early.next(), 'its end', patienceMs)).done === true, 'a signal that fired before')
      const again = linkReader(far, patienceMs)
      await deliver(ends, ends.near, again, crypto.randomBytes(512), 'a frame for the next reader')
    }),
    make('who stops reading takes nothing away', async (subject) => {
      const ends = linkEnds(subject, options)
      asked(ends.reliable, UNRELIABLE)
      const sent = Array.from({ length: 5 }, () => crypto.randomBytes(512))
      await Promise.all(sent.map((frame) => ends.near.link.send(ends.near.peer, frame)))
      const first = linkReader(ends.far, ends.patienceMs)
      const got = await first.take(2, 'the first two')
      await first.end()
      const second = linkReader(ends.far, ends.patienceMs)
      ruleSame([...got, ...(await second.take(3, 'the rest'))], sent, ends.ordered)
    }),
    make('a closed carrier ends its readings and sends nothing', async (subject) => {
      const ends = linkEnds(subject, options)
      const { far, patienceMs } = ends
      await deliver(ends, ends.near, linkReader(far, patienceMs), crypto.randomBytes(128), 'a frame')
      const reading = ends.near.link.frames()[Symbol.asyncIterator]().next()
      await soon(ends.near.carrier.close(), 'the end of closing', patienceMs)
      await soon(ends.near.carrier.close(), 'closing twice', patienceMs)
      rule((await soon(reading, 'the end of the reading', patienceMs)).done === true, 'the reading ends')
      await ruleRefused(() => ends.near.link.send(ends.near.peer, crypto.randomBytes(128)), 'sending')
    }),
  ]
}

/** The same frames, each once; in the same order if the link keeps it. */
export function ruleSame(got: readonly Uint8Array[], sent: readonly Uint8Array[], ordered: boolean): void {
  const names = (frames: readonly Uint8Array[]): string[] =>
    frames.map((frame) => toHex(frame.subarray(0, 16)))
  const [came, went] = [names(got), names(sent)]
  rule(new Set(came).size === came.length, 'no frame comes twice')
  rule(
    came.length === went.length && came.every((name) => went.includes(name)),
    'exactly what was sent comes',
  )
  rule(!ordered || came.join() === went.join(), 'in the order it was sent')
}
