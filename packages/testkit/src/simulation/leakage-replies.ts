/**
 * Answers by their time: relays together see that soon after A wrote to a box, somebody who may read it wrote to one
 * that A may read, more often than that box is written to by chance.
 */
import { REPLY_WINDOWS_MS } from '../limits.js'
import { bestClaims, type TalkingPair } from './leakage-attack.js'
import { type Crowd, liesIn } from './leakage-colluding.js'
import type { Sighting } from './observations.js'
import { LEAST_SCORE, LEAST_SENDS } from './timing.js'

/** When one address wrote to one box. */
export interface Writes {
  readonly box: string
  readonly times: readonly number[]
}

export function claimsByReplies(sightings: readonly Sighting[], crowd: Crowd): TalkingPair[] {
  const written = writesOf(sightings)
  const exact = exactReaders(sightings)
  const mayRead = (reader: string, box: string): boolean =>
    exact.get(box)?.has(reader) === true ||
    (crowd.buckets.get(reader) ?? []).some((bucket) => liesIn(box, bucket))
  const score = (one: string, other: string): number => {
    const there = (written.get(one) ?? []).filter(({ box }) => mayRead(other, box))
    const back = (written.get(other) ?? []).filter(({ box }) => mayRead(one, box))
    let best = 0
    for (const sent of there)
      for (const answers of back)
        for (const windowMs of REPLY_WINDOWS_MS) best = Math.max(best, aboveChance(sent, answers, windowMs))
    return best
  }
  return bestClaims(crowd.names, score, LEAST_SCORE)
}

/** By address, what it wrote to more than once or twice. */
export function writesOf(sightings: readonly Sighting[]): Map<string, Writes[]> {
  const times = new Map<string, Map<string, number[]>>()
  for (const { address, action, subject, at } of sightings) {
    if (action !== 'put') continue
    const boxes = times.get(address) ?? new Map<string, number[]>()
    const known = boxes.get(subject)
    if (known === undefined) boxes.set(subject, [at])
    else known.push(at)
    times.set(address, boxes)
  }
  return new Map(
    [...times].map(([name, boxes]) => [
      name,
      [...boxes].map(([box, at]) => ({ box, times: at })).filter((one) => one.times.length >= LEAST_SENDS),
    ]),
  )
}

function exactReaders(sightings: readonly Sighting[]): Map<string, Set<string>> {
  const readers = new Map<string, Set<string>>()
  for (const { address, action, subject } of sightings)
    if (action === 'read') readers.set(subject, (readers.get(subject) ?? new Set()).add(address))
  return readers
}

/** Standard deviations by which `answers` follow `sent` more often than they would by chance while both go on. */
function aboveChance(sent: Writes, answers: Writes, windowMs: number): number {
  const first = Math.max(sent.times[0] as number, (answers.times[0] as number) - windowMs)
  const last = Math.min(sent.times.at(-1) as number, answers.times.at(-1) as number)
  const asked = sent.times.filter((time) => time >= first && time <= last)
  if (asked.length < LEAST_SENDS) return 0
  let followed = 0
  let next = 0
  for (const time of asked) {
    while (next < answers.times.length && (answers.times[next] as number) <= time) next += 1
    if (next < answers.times.length && (answers.times[next] as number) <= time + windowMs) followed += 1
  }
  const span = Math.max(windowMs, (answers.times.at(-1) as number) - (answers.times[0] as number))
  const chance = 1 - Math.exp((-answers.times.length * windowMs) / span)
  const expected = asked.length * chance
  return (followed - expected) / Math.sqrt(Math.max(expected * (1 - chance), 1))
}
