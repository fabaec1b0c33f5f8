// Any schedule of commits, messages, losses of order, repetitions and restarts ends in one epoch for all.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeEnvelope, messageIdOf } from '../../../src/order/envelope.js'
import { decodeLogRows, encodeLogRows, type OrderMode } from '../../../src/order/index.js'
import { at } from '../../helpers.js'
import {
  authenticator,
  feed,
  hear,
  invitable,
  type Peer,
  peers,
  run,
  settle,
  shown,
  tick,
  write,
} from '../peers.js'

const SIZE = 4
const peer = fc.nat({ max: SIZE - 1 })

/** One thing that happens. `share` says which part of the mail that is under way arrives. */
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('update' as const), who: peer }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('add' as const), who: peer }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), who: peer }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      who: peer,
      share: fc.nat(),
      twice: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), who: peer, ms: fc.nat({ max: 3_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), who: peer }) },
)
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never

/** What was sent and has not reached this peer, in no order. */
function pending(group: readonly Peer[], to: Peer, known: ReadonlySet<Uint8Array>): Uint8Array[] {
  return group.filter((from) => from !== to).flatMap(({ sent }) => sent.filter((one) => !known.has(one)))
}

async function deliverSome(
  group: readonly Peer[],
  to: Peer,
  known: Set<Uint8Array>,
  { share, twice }: { share: number; twice: boolean },
): Promise<void> {
  const mail = pending(group, to, known).filter((_, i) => ((share >> (i % 16)) & 1) === 1)
  for (const envelope of share % 2 === 0 ? mail.toReversed() : mail) {
    await hear(to, envelope)
    if (twice) await hear(to, envelope)
    known.add(envelope)
  }
}

async function act(group: readonly Peer[], known: readonly Set<Uint8Array>[], step: Action): Promise<void> {
  const who = at(group, step.who)
  if (step.kind === 'write') await write(who, `${step.who}/${who.sent.length}`)
  else if (step.kind === 'update') await feed(who, { kind: 'intent', intent: { kind: 'update' } })
  else if (step.kind === 'deliver') await deliverSome(group, who, at(known, step.who), step)
  else if (step.kind === 'restart') who.log = decodeLogRows(who.ctx.mls, encodeLogRows(who.log))
  else if (step.kind === 'add') {
    const { offer } = await invitable(`${step.who}-${who.log.counter}`, who)
    await feed(who, { kind: 'intent', intent: { kind: 'add', keyPackage: offer.keyPackage } })
  } else {
    who.time.at += step.ms
    await tick(who)
  }
}

async function answerAll(
  group: readonly Peer[],
  answerOf: (peer: Peer) => 'accepted' | 'taken',
): Promise<void> {
  for (const peer of group)
    for (const { parent } of peer.submitted.splice(0))
      await feed(peer, { kind: 'sequenced', parent, answer: answerOf(peer) })
}

async function play(mode: OrderMode, steps: readonly Action[]): Promise<void> {
  const group = await peers(SIZE, { mode })
  const known = group.map(() => new Set<Uint8Array>())
  for (const step of steps) {
    await act(group, known, step)
    // A sequencer that answers whatever it likes.
    // A sequencer that answers whatever it likes.
    await answerAll(group, (peer) => (peer.log.counter % 2 === 0 ? 'taken' : 'accepted'))
  }
  await settle(group)
  // Quiet: a refused commit is published after ten seconds, and what it has held up is answered then. Mail that hangs
  // on a branch which has left the horizon is given up when members have been counted, after a minute.
  for (let round = 0; round < 40; round++) {
    await answerAll(group, () => 'accepted')
    await run(group, 3_000, 1_500)
  }
  expect(new Set(group.map(authenticator)).size).toBe(1)
  const written = group.flatMap((from, i) =>
    from.sent.flatMap((envelope, n) =>
      envelope[1] === 3 ? [{ from, word: `${i}/${n}`, id: idOf(from, envelope) }] : [],
    ),
  )
  for (const one of group) {
    const late = new Set(one.events.flatMap((event) => (event.kind === 'late' ? [event.id] : [])))
    expect(shown(one)).toHaveLength(new Set(shown(one)).size)
    // Nothing is lost in silence: a message is shown, or it came when its epoch had left the horizon.
    const mail = written.filter(({ from }) => from !== one)
    const words = mail.map(({ word }) => word)
    expect(shown(one).every((word) => words.includes(word))).toBe(true)
    const unread = mail.filter(({ word }) => !shown(one).includes(word))
    expect(unread.filter(({ id }) => !late.has(id))).toEqual([])
    expect(one.log.evidence).toHaveLength(0)
    expect(one.log.early).toHaveLength(0)
  }
}

const idOf = (from: Peer, envelope: Uint8Array): string =>
  messageIdOf(decodeEnvelope(from.ctx.mls.crypto, envelope).digest)

describe('after quiet', () => {
  it.each(['deterministic', 'relay-sequenced'] as const)(
    '%s: all are in one epoch and have shown the same',
    (mode) =>
      fc.assert(
        fc.asyncProperty(fc.array(action, { maxLength: 50, size: 'max' }), (steps) => play(mode, steps)),
        { numRuns: 8, endOnFailure: true },
      ),
  )
})
