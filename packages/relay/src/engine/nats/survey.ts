/**
 * How many boxes have mail: one number for all relays, since it decides how fine a bucket may be read.
 * spec/relay-engines.md section 2.6.
 *
 * Counting all would mean reading all. The relay that finds the number old counts some logs drawn by lot and
 * publishes what follows from them; the others take what stands there, and of two that count at once one succeeds.
 */
import type { Random } from '../due.js'
import type { EngineStats } from '../engine.js'
import type { Buckets } from './buckets.js'
import type { Documents } from './documents.js'
import type { JetStream } from './jetstream.js'
import { SURVEY_LOGS, SURVEY_MS } from './limits.js'
import type { Subjects } from './names.js'
import { expire } from './state.js'

export type Counted = Pick<EngineStats, 'boxes' | 'frames'>

export interface SurveyContext {
  readonly js: JetStream
  readonly names: Subjects
  readonly documents: Documents
  readonly buckets: Buckets
  readonly random: Random
  now(): number
}

interface Published extends Counted {
  /** Epoch milliseconds of the relay that counted. */
  readonly at: number
}

function encode(value: Published): Uint8Array {
  return Buffer.from(JSON.stringify(value))
}

/** Undefined: there is none, or it is old. A clock that went back does not keep it for ever. */
function decode(value: Uint8Array | undefined, now: number): Published | undefined {
  if (value === undefined) return undefined
  const published = JSON.parse(Buffer.from(value).toString()) as Published
  return Math.abs(now - published.at) < SURVEY_MS ? published : undefined
}

/** So many of them, each as likely as the others. */
function draw<T>(all: T[], count: number, random: Random): T[] {
  for (let i = 0; i < Math.min(count, all.length); i++) {
    const other = i + Math.floor(random() * (all.length - i))
    const [a, b] = [all[i] as T, all[other] as T]
    all[i] = b
    all[other] = a
  }
  return all.slice(0, count)
}

async function count({ js, names, buckets, random, now }: SurveyContext): Promise<Counted> {
  const logs = [...(await js.subjects(names.mail, names.bucket('*'))).keys()].map(names.keyOf)
  const drawn = draw(logs, SURVEY_LOGS, random)
  const frames = { 128: 0, 512: 0, 2048: 0, 4096: 0 }
  let boxes = 0
  const share = drawn.length / Math.max(1, logs.length)
  for (const token of drawn) {
    const bucket = buckets.at(token)
    await bucket.refresh()
    expire(bucket.state, now())
    for (const { waiting } of bucket.state.boxes.values()) {
      if (waiting.length > 0) boxes += 1
      for (const { size } of waiting) frames[size as keyof typeof frames] += 1
    }
  }
  const whole = (part: number): number => Math.round(part / (share || 1))
  return {
    boxes: whole(boxes),
    frames: {
      128: whole(frames[128]),
      512: whole(frames[512]),
      2048: whole(frames[2048]),
      4096: whole(frames[4096]),
    },
  }
}

export async function survey(context: SurveyContext): Promise<Counted> {
  const { documents, names, now } = context
  const subject = names.document('mail', 'boxes')
  const known = decode(await documents.get(subject), now())
  if (known !== undefined) return known
  const counted = { ...(await count(context)), at: now() }
  return documents.change<Counted>(subject, (held) => {
    const other = decode(held, now())
    return other === undefined
      ? { next: encode(counted), result: counted }
      : { next: undefined, result: other }
  })
}
