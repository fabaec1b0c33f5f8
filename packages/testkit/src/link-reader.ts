/** Reading and sending over a link the way the suite needs it: with patience, and again where frames may be lost. */
import { toHex } from '@hyphae/core'
import { pause, rule, ruleBytes, soon } from './compliance.js'
import type { LinkEnd, LinkEnds } from './link-subject.js'

/** Real milliseconds between two sends of what may have been lost. */
const AGAIN_MS = 50

export interface LinkReader {
  /** The next frame, which must come soon and from the peer. */
  next(statement: string): Promise<Uint8Array>
  /** The frames that come until `count` have, or until nothing more does. */
  take(count: number, statement: string): Promise<Uint8Array[]>
  end(): Promise<void>
}

export function linkReader({ link, peer }: LinkEnd, patienceMs: number): LinkReader {
  const stop = new AbortController()
  const frames = link.frames({ signal: stop.signal })[Symbol.asyncIterator]()
  const next = async (statement: string): Promise<Uint8Array> => {
    const { value, done } = await soon(frames.next(), statement, patienceMs)
    rule(done !== true, `${statement}; the reading ended`)
    rule(value.peer === peer, `${statement}; it came from another peer`)
    return value.frame
  }
  return {
    next,
    take: async (count, statement) => {
      const taken: Uint8Array[] = []
      while (taken.length < count) taken.push(await next(`${statement}; ${taken.length} of ${count} came`))
      return taken
    },
    end: async () => {
      stop.abort()
      await soon(Promise.resolve(frames.return?.()), 'the end of the reading', patienceMs)
    },
  }
}

/** Sends until it has come: once over a reliable link, again and again over another. */
export async function deliver(
  { reliable, patienceMs }: LinkEnds,
  from: LinkEnd,
  reader: LinkReader,
  frame: Uint8Array,
  statement: string,
): Promise<void> {
  const over = new AbortController()
  const arrived = (async (): Promise<void> => {
    for (;;) {
      const got = await reader.next(statement)
      // Over an unreliable link copies of the frame before may still be under way.
      if (!reliable && toHex(got) !== toHex(frame)) continue
      ruleBytes(got, frame, statement)
      return
    }
  })()
  arrived.catch(() => {})
  const sending = reliable ? from.link.send(from.peer, frame) : repeat(from, frame, over.signal)
  // A sending that fails is what the case failed of, not the silence after it.
  const failed = sending.then(() => arrived)
  failed.catch(() => {})
  try {
    await soon(Promise.race([reliable ? failed : arrived, failed]), statement, patienceMs)
  } finally {
    over.abort()
  }
}

async function repeat({ link, peer }: LinkEnd, frame: Uint8Array, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await link.send(peer, frame)
    await pause(AGAIN_MS)
  }
}
