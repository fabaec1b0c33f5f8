/** Listening to a topic the way the suite needs it: everything that comes is kept, and what must come is repeated. */

import type { Topic } from '@hyphae/core'
import { toHex } from '@hyphae/core'
import { pause, rule, soon } from './compliance.js'

/** Real milliseconds between two tries: who has just subscribed is known to others a little later. */
const AGAIN_MS = 100

export interface Ear {
  /** What came, in hexadecimal, in order. */
  readonly heard: readonly string[]
  /** Resolves when the subscription has ended; rejects when it threw. */
  readonly over: Promise<void>
  leave(): void
}

export function listen(topic: Topic, name: Uint8Array): Ear {
  const stop = new AbortController()
  const heard: string[] = []
  const run = async (): Promise<void> => {
    for await (const frame of topic.subscribe(name, { signal: stop.signal })) heard.push(toHex(frame))
  }
  const over = run()
  over.catch(() => {})
  return { heard, over, leave: () => stop.abort() }
}

/** Publishes a frame until all of `ears` have heard it: a topic promises only to try. */
export async function spread(
  publisher: Topic,
  name: Uint8Array,
  frame: Uint8Array,
  ears: readonly Ear[],
  patienceMs: number,
): Promise<void> {
  const text = toHex(frame)
  const tries = Math.ceil(patienceMs / AGAIN_MS)
  for (let attempt = 0; attempt < tries; attempt++) {
    await soon(publisher.publish(name, frame), 'the end of publishing', patienceMs)
    for (let look = 0; look < 10; look++) {
      if (ears.every(({ heard }) => heard.includes(text))) return
      await pause(AGAIN_MS / 10)
    }
  }
  rule(false, `a frame of ${frame.length} bytes comes to all who listen`)
}
