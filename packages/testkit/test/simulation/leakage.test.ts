/** The adversaries of the leakage report find what is there to be found, and do not find what is not. */
import { describe, expect, it } from 'vitest'
import { unsafeSeededRandom } from '../../src/seeded-random.js'
import { type Activity, claimsByActivity } from '../../src/simulation/leakage-activity.js'
import { scoreClaims, type TalkingPair } from '../../src/simulation/leakage-attack.js'
import {
  claimsByBuckets,
  crowdOf,
  joinedByBoxes,
  joinedByLookups,
  unsealed,
} from '../../src/simulation/leakage-colluding.js'
import { claimsByReplies } from '../../src/simulation/leakage-replies.js'
import { claimsByRows, claimsByWriters, type TalkingGroup } from '../../src/simulation/leakage-rows.js'
import type { Sighting } from '../../src/simulation/observations.js'

const MINUTE_MS = 60_000
const NAMES = Array.from({ length: 10 }, (_, index) => `n${index}`)
const PAIRS: readonly TalkingPair[] = [0, 2, 4, 6, 8].map((index) => [`n${index}`, `n${index + 1}`])

function peerOf(name: string): string {
  const index = Number(name.slice(1))
  return `n${index % 2 === 0 ? index + 1 : index - 1}`
}

function sighting(at: number, address: string, action: string, subject: string): Sighting {
  return { at, address, action, subject, observer: 'relay', connection: address, bytes: 2048 }
}

/** Where the boxes of a node lie, when buckets have four bits: each has one of its own. */
function boxFor(name: string, count: number): string {
  return `${Number(name.slice(1)).toString(16)}${count.toString(16).padStart(7, '0')}`
}

/** Everybody reads one bucket and writes a frame a minute or so: to its peer, or to anybody. */
function crowd(bits: number, target: (name: string, draw: number) => string): Sighting[] {
  const random = unsafeSeededRandom(7)
  const subject = (name: string): string =>
    bits === 0 ? '000000' : `040${'0'.repeat(2)}${Number(name.slice(1)).toString(16)}`
  const seen = NAMES.map((name) => sighting(0, name, 'bucket', subject(name)))
  for (let minute = 0; minute < 400; minute++)
    for (const name of NAMES) {
      const at = minute * MINUTE_MS + random.integer(MINUTE_MS)
      seen.push(sighting(at, name, 'put', boxFor(target(name, random.integer(16)), minute % 8)))
    }
  return seen.sort((a, b) => a.at - b.at)
}

describe('relays together', () => {
  it('see through two hops, and join writer and reader of a box', () => {
    const seen: Sighting[] = [
      { ...sighting(1, 'n0', 'forward', ''), observer: 'entry', hop: 'a' },
      { ...sighting(1, 'entry', 'put', 'box'), hop: 'a' },
      { ...sighting(2, 'n1', 'forward', ''), observer: 'entry', hop: 'b' },
      { ...sighting(2, 'entry', 'read', 'box'), hop: 'b' },
    ]
    expect(joinedByBoxes(unsealed(seen))).toMatchObject([{ writer: 'n0', reader: 'n1' }])
    const alone = seen.filter(({ observer }) => observer === 'relay')
    expect(joinedByBoxes(alone)).toMatchObject([{ writer: 'entry', reader: 'entry' }])
  })

  it('join those who ask for a record with those who published it', () => {
    const seen = [
      sighting(1, 'n1', 'publish', 'address'),
      sighting(2, 'n1', 'lookup', 'address'),
      sighting(3, 'n0', 'lookup', 'address'),
    ]
    expect(joinedByLookups(seen)).toEqual([['n0', 'n1']])
  })

  it('join those who look into a bucket of records with the one other who has a record there', () => {
    const seen = [
      sighting(1, 'n0', 'publish', '08ff00'),
      sighting(1, 'n1', 'publish', '10ff00'),
      sighting(1, 'n2', 'publish', '18ff00'),
      sighting(1, 'n3', 'publish', '1fff00'),
    ]
    const look = (name: string, subject: string) =>
      joinedByLookups([...seen, sighting(2, name, 'records', subject)])
    // The second of 32 buckets is that of n0, the third of n1; the fourth has two in it.
    expect(look('n1', '05000001')).toEqual([['n1', 'n0']])
    expect(look('n3', '05000002')).toEqual([['n3', 'n1']])
    expect(look('n0', '05000003')).toEqual([])
    expect(look('n0', '05000001')).toEqual([])
    expect(look('n0', '00000000')).toEqual([])
  })

  it('find those who write into each other’s small buckets, and nobody in one that all read', () => {
    const small = claimsByBuckets(crowdOf(crowd(4, peerOf)))
    expect(scoreClaims(small, PAIRS)).toEqual({ claimed: 5, right: 5, pairs: 5 })
    expect(claimsByBuckets(crowdOf(crowd(0, peerOf)))).toEqual([])
    expect(claimsByBuckets(crowdOf(crowd(4, (_, draw) => `n${draw}`)))).toEqual([])
  })

  it('find answers that come soon, and none among writes at random times', () => {
    const random = unsafeSeededRandom(5)
    const put = (at: number, name: string, to: string): Sighting =>
      sighting(at, name, 'put', boxFor(to, Number(name.slice(1))))
    const talk = (answerMs: () => number): Sighting[] =>
      PAIRS.flatMap(([one, other]) =>
        Array.from({ length: 30 }, () => random.integer(24 * 60 * MINUTE_MS)).flatMap((at) => [
          put(at, one, other),
          put(at + answerMs(), other, one),
        ]),
      )
    const everyone = NAMES.map((name) => sighting(0, name, 'bucket', '000000'))
    const claims = (seen: readonly Sighting[]): readonly TalkingPair[] => {
      const sorted = [...everyone, ...seen].sort((a, b) => a.at - b.at)
      return claimsByReplies(sorted, crowdOf(sorted))
    }
    const soon = talk(() => 1000 + random.integer(20_000))
    expect(scoreClaims(claims(soon), PAIRS)).toMatchObject({ right: 5 })
    const whenever = talk(() => random.integer(24 * 60 * MINUTE_MS))
    expect(scoreClaims(claims(whenever), PAIRS).right).toBeLessThan(3)
  })
})

describe('groups', () => {
  const DAY_MS = 24 * 60 * MINUTE_MS
  const members = ['n0', 'n1', 'n2', 'n3']
  const GROUP: TalkingGroup = { members, boxes: members.map((name) => `box of ${name}`.replaceAll(' ', '-')) }
  const random = unsafeSeededRandom(13)
  const [first, second, ...others] = GROUP.boxes as [string, string, ...string[]]

  /** Thirty messages of `n0` to two boxes of the group, so long apart; and cover for six other boxes. */
  function day(apartMs: () => number): Sighting[] {
    const said = Array.from({ length: 30 }, () => random.integer(DAY_MS))
    const rows = said.flatMap((at) => [
      sighting(at, 'n0', 'put', first),
      sighting(at + apartMs(), 'n0', 'put', second),
    ])
    const cover = Array.from({ length: 180 }, (_, index) =>
      sighting(random.integer(DAY_MS), 'n0', 'put', `other-${index % 6}`),
    )
    return [...rows, ...cover].sort((a, b) => a.at - b.at)
  }

  it('show by boxes that are written to in rows, at once or within minutes, and not by boxes that have their own times', () => {
    for (const apartMs of [() => 0, () => random.integer(8 * MINUTE_MS)]) {
      const { claims, among, truth } = claimsByRows(day(apartMs), [GROUP])
      expect(scoreClaims(claims, truth)).toMatchObject({ right: 1, pairs: 1 })
      expect(claims.length).toBeLessThan(6)
      expect(among).toBe(28)
    }
    const { claims, truth } = claimsByRows(
      day(() => random.integer(DAY_MS)),
      [GROUP],
    )
    expect(scoreClaims(claims, truth)).toMatchObject({ right: 0, pairs: 1 })
  })

  it('show by who writes to one box, which two contacts never do', () => {
    const put = (name: string, box: string): Sighting[] =>
      [1, 2, 3].map((at) => sighting(at, name, 'put', box))
    const seen = [...put('n1', first), ...put('n2', first), ...put('n0', others[0] as string)]
    const { claims, truth } = claimsByWriters([...seen, ...put('n4', 'else')], [GROUP])
    expect(scoreClaims(claims, truth)).toEqual({ claimed: 1, right: 1, pairs: 6 })
    expect(claimsByWriters([...put('n1', 'a'), ...put('n2', 'b')], [GROUP]).claims).toEqual([])
  })
})

describe('who sees traffic and nothing in it', () => {
  const random = unsafeSeededRandom(9)
  const both = (at: number, name: string): Activity[] => [
    { at, name, way: 'sent', bytes: 8192 },
    { at, name, way: 'received', bytes: 8192 },
  ]

  it('finds those who are busy together, and nobody where all are always busy', () => {
    const bursts = PAIRS.flatMap(([one, other]) =>
      Array.from({ length: 12 }, () => random.integer(24 * 60 * MINUTE_MS)).flatMap((at) =>
        [0, 1, 2, 3].flatMap((step) => [
          ...both(at + step * 30_000, one),
          ...both(at + step * 30_000 + 5000, other),
        ]),
      ),
    ).sort((a, b) => a.at - b.at)
    expect(scoreClaims(claimsByActivity(bursts, NAMES), PAIRS)).toMatchObject({ right: 5 })
    const steady = NAMES.flatMap((name) =>
      Array.from({ length: 2000 }, () => random.integer(24 * 60 * MINUTE_MS)).flatMap((at) => both(at, name)),
    ).sort((a, b) => a.at - b.at)
    expect(scoreClaims(claimsByActivity(steady, NAMES), PAIRS).right).toBeLessThan(3)
  })
})
