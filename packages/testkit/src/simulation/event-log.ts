/**
 * What happened in a simulation: the last events as lines, and a fingerprint over all of them, by which two
 * runs are compared. The fingerprint tells runs apart; it withstands no adversary.
 */

export interface SimulationEvent {
  /** Virtual milliseconds since the simulation began. */
  readonly at: number
  /** A node, a relay, `network` or `harness`. */
  readonly actor: string
  readonly what: string
  readonly detail: string
}

export interface EventLog {
  record(event: SimulationEvent): void
  /** 16 hexadecimal digits over every event so far. */
  fingerprint(): string
  count(): number
  /** The last events, oldest first, as many as the log keeps. */
  trace(): SimulationEvent[]
}

export function eventLog(keep: number): EventLog {
  const ring: SimulationEvent[] = []
  const hash = textHash()
  let count = 0
  return {
    record: (event) => {
      hash.add(`${event.at} ${event.actor} ${event.what} ${event.detail}\n`)
      ring[count % keep] = event
      count += 1
    },
    fingerprint: hash.digest,
    count: () => count,
    trace: () => {
      const first = count % keep
      return count <= keep ? ring.slice() : [...ring.slice(first), ...ring.slice(0, first)]
    },
  }
}

/** `     12.345 alice  put 512 B to relay` */
export function eventLine({ at, actor, what, detail }: SimulationEvent): string {
  return `${(at / 1000).toFixed(3).padStart(11)} ${actor.padEnd(8)} ${what}${detail === '' ? '' : ` ${detail}`}`
}

/** Two multiplicative 32-bit lanes over UTF-16 code units. */
export function textHash(): { add(text: string): void; digest(): string; word(): number } {
  let a = 0x811c9dc5
  let b = 0x9e3779b9
  const finish = (lane: number): number => {
    const once = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b)
    return (once ^ (once >>> 13)) >>> 0
  }
  return {
    add: (text) => {
      for (let index = 0; index < text.length; index++) {
        const unit = text.charCodeAt(index)
        a = Math.imul(a ^ unit, 0x01000193)
        b = Math.imul(b + unit, 0xc2b2ae35) ^ (b >>> 15)
      }
    },
    digest: () => [finish(a), finish(b)].map((lane) => lane.toString(16).padStart(8, '0')).join(''),
    word: () => finish(a ^ Math.imul(b, 0x2545f491)),
  }
}
