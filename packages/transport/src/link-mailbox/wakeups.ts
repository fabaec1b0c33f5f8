/**
 * Wake-ups over gossip (spec/link-mailbox.md, section 8): who has come says so under the name of each box that it reads,
 * and who has a frame for such a box greets at once instead of when the next greeting is due. Best effort, and carries
 * nothing: what is heard here only makes a node look.
 */
import { type BoxId, concatBytes, fromHex, type Topic, utf8 } from '@hyphae/core'
import { FIRST_RETRY_MS, HERALD_AFTER_MS, MAX_HERALDED_BOXES, MAX_WAKE_TOPICS } from '../limits.js'
import { decodeControl, encodeControl, RUN_BYTES } from './control.js'
import { encodeMessage } from './message.js'
import type { Post } from './post.js'

export interface Wakeups {
  /** A box is read here from now on. */
  opened(box: BoxId): void
  /** Frames wait for the reader of this box. */
  await(hex: string): void
  /** None wait any more. */
  forget(hex: string): void
}

const LABEL: Uint8Array = utf8('hyphae link wake 1')

/** Without a topic nobody is woken. */
export function createWakeups(
  post: Post,
  topic: Topic | undefined,
  boxes: () => readonly BoxId[],
  greetNow: () => void,
): Wakeups {
  if (topic === undefined) return { opened: () => {}, await: () => {}, forget: () => {} }
  const listening = new Map<string, AbortController>()
  const nameOf = (box: Uint8Array): Uint8Array => post.crypto.sha256(concatBytes(LABEL, box))
  const say = async (box: BoxId): Promise<void> => {
    const message = encodeMessage({ kind: 'hello', run: post.run, sees: NOBODY, asks: false })
    // Where nobody listens yet a carrier may refuse; it is said again.
    await topic
      .publish(nameOf(box), encodeControl({ to: NOBODY, message }), { signal: post.closed })
      .catch(() => {})
  }
  void herald(post, boxes, say)
  let wokenAt = Number.NEGATIVE_INFINITY
  const hear = (frame: Uint8Array): void => {
    const now = post.clock.now()
    if (!isHello(frame) || now - wokenAt < FIRST_RETRY_MS) return
    wokenAt = now
    greetNow()
  }
  return {
    opened: (box) => void say(box),
    await: (hex) => {
      if (listening.has(hex) || listening.size >= MAX_WAKE_TOPICS || post.closed.aborted) return
      const over = new AbortController()
      listening.set(hex, over)
      const signal = AbortSignal.any([over.signal, post.closed])
      void listen(topic, nameOf(fromHex(hex)), signal, hear).finally(() => listening.delete(hex))
    },
    forget: (hex) => listening.get(hex)?.abort(),
  }
}

const NOBODY: Uint8Array = new Uint8Array(RUN_BYTES)

function isHello(frame: Uint8Array): boolean {
  try {
    return decodeControl(frame) !== null
  } catch {
    return false
  }
}

/** Says it a few times after the start: a mesh takes a while to form. */
async function herald(
  { clock, closed }: Post,
  boxes: () => readonly BoxId[],
  say: (box: BoxId) => Promise<void>,
): Promise<void> {
  for (const ms of HERALD_AFTER_MS) {
    await clock.sleep(ms, closed, true).catch(() => {})
    if (closed.aborted) return
    for (const box of boxes().slice(0, MAX_HERALDED_BOXES)) await say(box)
  }
}

async function listen(
  topic: Topic,
  name: Uint8Array,
  signal: AbortSignal,
  hear: (frame: Uint8Array) => void,
): Promise<void> {
  try {
    for await (const frame of topic.subscribe(name, { signal })) hear(frame)
  } catch {
    // A carrier with too many topics: greetings come when they are due.
  }
}
