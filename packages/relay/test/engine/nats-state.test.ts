import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boxName } from '../../src/engine/keys.js'
import {
  decodeRecord,
  encodeRecord,
  type LogRecord,
  type NoteRecord,
  type PutEntry,
} from '../../src/engine/nats/record.js'
import {
  applyRecord,
  cursorOf,
  emptyState,
  expire,
  isRepeated,
  type LogState,
  summaryOf,
} from '../../src/engine/nats/state.js'

const HOUR = 3_600_000
const ID_LIFE = 7 * 24 * HOUR
const FRAME_LIFE = 30 * 24 * HOUR

const bytes = (length: number, n: number): Uint8Array => new Uint8Array(length).fill(n)
const idName = (n: number): string => String.fromCharCode(n).repeat(16)

function entry(box: number, id: number, at: number, life = FRAME_LIFE): PutEntry {
  const [boxId, idBytes] = [bytes(32, box), bytes(16, id)]
  const ends = { idUntil: at + ID_LIFE, until: at + life }
  return { box: boxId, id: idBytes, name: boxName(boxId), idName: idName(id), ...ends, frame: bytes(128, id) }
}

function put(at: number, ...entries: PutEntry[]): LogRecord {
  return { kind: 'put', at, entries }
}

interface Written {
  readonly seq: number
  readonly record: LogRecord
}

function read(records: readonly Written[], state: LogState = emptyState()): LogState {
  for (const { seq, record } of records) applyRecord(state, seq, decodeRecord(encodeRecord(record)))
  return state
}

/** What readers see: cursors that wait, by box. */
function visible(state: LogState): Record<string, number[]> {
  const boxes = [...state.boxes].map(([name, { waiting }]) => [name, waiting.map(({ cursor }) => cursor)])
  return Object.fromEntries(boxes.filter(([, cursors]) => cursors?.length))
}

/** What is acknowledged up to a cursor, as the relay that has this state writes it. */
function ackOf(state: LogState, box: number, cursor: number): NoteRecord | undefined {
  const held = state.boxes.get(boxName(bytes(32, box)))
  const taken = (held?.waiting ?? []).filter((one) => one.cursor <= cursor)
  const last = taken.at(-1)
  if (last === undefined) return undefined
  const ids = taken.map(({ id, idUntil }) => ({ id, until: idUntil }))
  return { kind: 'note', covers: 0, acks: [{ box: bytes(32, box), cursor: last.cursor, ids }], withdrawn: [] }
}

function summary(state: LogState): NoteRecord {
  return { kind: 'note', covers: state.lastNote, ...summaryOf(state) }
}

/** The log after a relay with this state has removed what it may. */
function collected(records: readonly Written[], state: LogState): Written[] {
  return records.filter(({ seq }) => !state.dead.has(seq) && !state.deadNotes.has(seq))
}

const step = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    frames: fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 12 })), {
      minLength: 1,
      maxLength: 4,
    }),
  }),
  fc.record({
    kind: fc.constant('ack' as const),
    box: fc.integer({ min: 1, max: 3 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  fc.record({ kind: fc.constant('withdraw' as const), box: fc.integer({ min: 1, max: 3 }) }),
  fc.constant({ kind: 'summary' as const }),
  fc.constant({ kind: 'collect' as const }),
)

/** A log that relays write which do not see each other's ids: repetitions happen. */
function play(steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]) {
  const state = emptyState()
  let log: Written[] = []
  let seq = 0
  const write = (record: LogRecord): void => {
    seq += 1
    log.push({ seq, record })
    applyRecord(state, seq, record)
  }
  for (const one of steps) {
    if (one.kind === 'put') write(put(seq, ...one.frames.map(([box, id]) => entry(box, id, seq))))
    else if (one.kind === 'summary') write(summary(state))
    else if (one.kind === 'collect') log = collected(log, state)
    else {
      const waiting = state.boxes.get(boxName(bytes(32, one.box)))?.waiting ?? []
      const at = one.kind === 'ack' ? waiting[Math.floor(one.share * waiting.length)] : waiting.at(-1)
      if (at === undefined) continue
      const withdrawn = [{ box: bytes(32, one.box), cursor: at.cursor }]
      const note = ackOf(state, one.box, at.cursor)
      if (one.kind === 'withdraw') write({ kind: 'note', covers: 0, acks: [], withdrawn })
      else if (note !== undefined) write(note)
    }
  }
  return { log, state }
}

describe('the state of a log', () => {
  it('is the same for a relay that followed the log and for one that reads what is left of it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { log, state } = play(steps)
        const fresh = read(log)
        expect(visible(fresh)).toEqual(visible(state))
        for (const box of [1, 2, 3])
          for (let id = 1; id <= 12; id++) {
            const name = boxName(bytes(32, box))
            const known = isRepeated(state.boxes.get(name), idName(id), HOUR)
            expect(isRepeated(fresh.boxes.get(name), idName(id), HOUR)).toBe(known)
          }
      }),
      { numRuns: 300 },
    )
  })

  it('does not depend on whether notes or frames are read first', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { log, state } = play(steps)
        const notes = log.filter(({ record }) => record.kind === 'note')
        const puts = log.filter(({ record }) => record.kind === 'put')
        expect(visible(read([...puts, ...notes]))).toEqual(visible(state))
        expect(visible(read([...notes, ...puts]))).toEqual(visible(state))
      }),
      { numRuns: 300 },
    )
  })

  it('hostile 8: shows the first frame of an id, and no other when that was acknowledged and removed', () => {
    const state = read([
      { seq: 1, record: put(1, entry(1, 1, 1)) },
      { seq: 2, record: put(2, entry(1, 1, 2), entry(2, 2, 2)) },
    ])
    expect(Object.values(visible(state))).toEqual([[cursorOf(1, 0)], [cursorOf(2, 1)]])
    const note = ackOf(state, 1, cursorOf(1, 0)) as NoteRecord
    // The repetition lies in the record of another frame and stays there.
    const left = [
      { seq: 2, record: put(2, entry(1, 1, 2), entry(2, 2, 2)) },
      { seq: 3, record: note },
    ]
    expect(Object.values(visible(read(left)))).toEqual([[cursorOf(2, 1)]])
    const whole = read([{ seq: 3, record: note }], state)
    const late = [left[0] as Written, { seq: 4, record: summary(whole) }]
    // Also when the id of the first one would have been forgotten meanwhile.
    const reader = read(late)
    expire(reader, ID_LIFE + HOUR)
    expect(Object.values(visible(reader))).toEqual([[cursorOf(2, 1)]])
  })

  it('takes a frame whose id was forgotten', () => {
    const at = ID_LIFE + HOUR
    const first = read([{ seq: 1, record: put(1, entry(1, 1, 1)) }])
    const note = ackOf(first, 1, cursorOf(1, 0)) as NoteRecord
    const state = read([
      { seq: 1, record: put(1, entry(1, 1, 1)) },
      { seq: 2, record: note },
      { seq: 3, record: put(at, entry(1, 1, at)) },
    ])
    expect(Object.values(visible(state))).toEqual([[cursorOf(3, 0)]])
    expect(
      Object.values(
        visible(
          read([
            { seq: 3, record: put(at, entry(1, 1, at)) },
            { seq: 4, record: summary(read([{ seq: 2, record: note }])) },
          ]),
        ),
      ),
    ).toEqual([[cursorOf(3, 0)]])
  })

  it('hostile 37: keeps what is acknowledged hidden as long as its record lies there', () => {
    const state = read([{ seq: 1, record: put(1, entry(1, 1, 1), entry(2, 2, 1)) }])
    const note = ackOf(state, 1, cursorOf(1, 0)) as NoteRecord
    read([{ seq: 2, record: note }], state)
    // Ids are forgotten, frames last.
    expire(state, ID_LIFE + HOUR)
    const left = [
      { seq: 1, record: put(1, entry(1, 1, 1), entry(2, 2, 1)) },
      { seq: 3, record: summary(state) },
    ]
    expect(Object.values(visible(read(left)))).toEqual([[cursorOf(1, 1)]])
  })
})
