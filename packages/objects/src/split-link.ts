/**
 * One link for two protocols: frames of the exchange go to one reader, all others to the other. Byte 1 tells them
 * apart: it is 0 in every frame of a message.
 */
import type { IoOptions, Link } from '@hyphae/core'
import { createSignal } from './signal.js'

/** Frames that wait for a reader; then the link is not read, or, where nobody has ever read, the oldest are lost. */
const MAX_WAITING_FRAMES = 64

interface PeerFrame {
  readonly peer: string
  readonly frame: Uint8Array
}

interface Reader {
  readonly link: Link
  /** Resolves when there is room for one more. */
  give(frame: PeerFrame, until: AbortSignal): Promise<void>
}

export interface SplitLink {
  readonly objects: Link
  readonly rest: Link
  /** Stops reading the link. */
  close(): Promise<void>
}

export function isObjectFrame(frame: Uint8Array): boolean {
  return frame[1] !== 0
}

export function splitLink(inner: Link): SplitLink {
  const closing = new AbortController()
  const objects = reader(inner, closing.signal)
  const rest = reader(inner, closing.signal)
  const pump = async (): Promise<void> => {
    for await (const one of inner.frames({ signal: closing.signal }))
      await (isObjectFrame(one.frame) ? objects : rest).give(one, closing.signal)
  }
  const pumping = pump().catch(() => {})
  return {
    objects: objects.link,
    rest: rest.link,
    close: async () => {
      closing.abort()
      await pumping
    },
  }
}

function reader(inner: Link, closing: AbortSignal): Reader {
  const waiting: PeerFrame[] = []
  const arrived = createSignal()
  const taken = createSignal()
  let read = false
  const frames = async function* (options?: IoOptions): AsyncGenerator<PeerFrame, void, undefined> {
    read = true
    const signal = options?.signal === undefined ? closing : AbortSignal.any([options.signal, closing])
    while (!signal.aborted) {
      const next = waiting.shift()
      taken.fire()
      if (next !== undefined) yield next
      else await arrived.wait(signal)
    }
  }
  const { peers, nearness } = inner
  return {
    link: {
      send: (peer, frame, options) => inner.send(peer, frame, options),
      frames,
      ...(peers && { peers: () => peers.call(inner) }),
      ...(nearness && { nearness: (peer: string) => nearness.call(inner, peer) }),
    },
    give: async (frame, until) => {
      while (read && waiting.length >= MAX_WAITING_FRAMES && !until.aborted) await taken.wait(until)
      if (waiting.length >= MAX_WAITING_FRAMES) waiting.shift()
      waiting.push(frame)
      arrived.fire()
    },
  }
}
