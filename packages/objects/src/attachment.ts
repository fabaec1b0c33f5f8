/**
 * A link in use: a neighbour for each peer, what keeps an eye on it, and the reader of the link's frames
 * (spec/objects.md, "Exchange").
 */
import { isHyphaeError, type Link } from '@hyphae/core'
import { askAgain, pump, pumpAll } from './asking.js'
import { ObjectsError } from './errors.js'
import { isComplete } from './held.js'
import { LONGEST_SLEEP_MS, MAX_HELLO_MS, MAX_NEIGHBOURS, RETRY_MS } from './limits.js'
import { type LinkTraits, makeNeighbour, type Neighbour, sendSoon } from './neighbour.js'
import { jittered, type NodeContext } from './node-context.js'
import { takeFrame } from './receiving.js'
import { runSender } from './sending.js'
import { tellAgain, tellEverything } from './telling.js'

export interface AttachOptions {
  readonly link: Link
  readonly traits: LinkTraits
  /** Who is there: peers as the link names them. */
  readonly peers: readonly string[]
  /** Also exchange with peers that are not named, when they speak first. */
  readonly strangers?: boolean
  /** Tells links apart in events. */
  readonly name?: string
}

/** A link in use. */
export interface Attachment {
  /** One more peer; nothing when it is there. @throws ObjectsError `objects/too-many-neighbours` */
  add(peer: string): void
  remove(peer: string): void
  /** Resolves when nothing of the link is used any more; the link is not closed. */
  detach(): Promise<void>
}

/** Runs a loop until the exchange is closed, which waits for it. */
export type Run = (loop: Promise<void>) => Promise<void>

export function attach(context: NodeContext, run: Run, name: string, options: AttachOptions): Attachment {
  const { link, traits, strangers = false } = options
  const stop = new AbortController()
  const nameOf = (peer: string): string => `${name}/${peer}`
  const loops: Promise<void>[] = []
  const add = (peer: string): Neighbour => {
    const known = context.neighbours.get(nameOf(peer))
    if (known !== undefined) return known
    if (context.neighbours.size >= MAX_NEIGHBOURS)
      throw new ObjectsError('objects/too-many-neighbours', { details: { limit: MAX_NEIGHBOURS } })
    const neighbour = makeNeighbour({ name: nameOf(peer), peer }, link, traits, context.clock.now())
    context.neighbours.set(neighbour.name, neighbour)
    loops.push(run(runSender(context, neighbour)), run(watch(context, neighbour)))
    return neighbour
  }
  const remove = (peer: string): void => {
    const neighbour = context.neighbours.get(nameOf(peer))
    context.neighbours.delete(nameOf(peer))
    neighbour?.gone.abort()
    pumpAll(context)
  }
  const find = (peer: string): Neighbour | undefined => {
    const known = context.neighbours.get(nameOf(peer))
    if (known !== undefined || !strangers || context.neighbours.size >= MAX_NEIGHBOURS) return known
    return add(peer)
  }
  for (const peer of options.peers) add(peer)
  const signal = AbortSignal.any([stop.signal, context.closing])
  loops.push(run(listenTo(context, link, find, signal)))
  return {
    add: (peer) => void add(peer),
    remove,
    detach: async () => {
      stop.abort()
      for (const neighbour of [...context.neighbours.values()])
        if (neighbour.link === link) remove(neighbour.peer)
      await Promise.all(loops)
    },
  }
}

/** Frames are taken one after the other, so that a link that brings them faster than the disk takes them waits. */
async function listenTo(
  context: NodeContext,
  link: Link,
  find: (peer: string) => Neighbour | undefined,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const { peer, frame } of link.frames({ signal })) {
        const neighbour = find(peer)
        if (neighbour !== undefined) await takeFrame(context, neighbour, frame)
        if (signal.aborted) return
      }
      return
    } catch (error) {
      if (signal.aborted) return
      context.logger.warn('objects: a link failed', { code: isHyphaeError(error) ? error.code : 'unknown' })
      await context.clock.sleep(jittered(context, RETRY_MS[2] as number), signal, true).catch(() => {})
    }
  }
}

/** Says hello until the neighbour is heard, asks and tells again what got no answer. */
async function watch(context: NodeContext, neighbour: Neighbour): Promise<void> {
  const { signal } = neighbour.gone
  // Whatever is missing may be there.
  for (const held of context.shelf.objects.values())
    if (!isComplete(held) && held.wanted) neighbour.sources.add(held.id)
  while (!signal.aborted) {
    const now = context.clock.now()
    const next = Math.min(
      greet(context, neighbour, now),
      askAgain(context, neighbour, now),
      tellAgain(context, neighbour, now),
      tellLate(context, neighbour, now),
    )
    const wake = new AbortController()
    const sleep = context.clock
      .sleep(Math.min(Math.max(next - now, 1), LONGEST_SLEEP_MS), wake.signal, true)
      .catch(() => {})
    await Promise.race([sleep, neighbour.attention.wait(AbortSignal.any([signal, wake.signal]))])
    wake.abort()
    await sleep
  }
}

/** Tells everything to one that came back sooner than it may be told again. */
function tellLate(context: NodeContext, neighbour: Neighbour, now: number): number {
  if (neighbour.tellAt > now) return neighbour.tellAt
  neighbour.tellAt = tellEverything(context, neighbour) ?? Number.POSITIVE_INFINITY
  return neighbour.tellAt
}

function greet(context: NodeContext, neighbour: Neighbour, now: number): number {
  if (neighbour.greetAt <= now) {
    neighbour.greetAt = Number.POSITIVE_INFINITY
    sendSoon(neighbour, { kind: 'hello', greet: true })
  }
  if (neighbour.heard) return neighbour.greetAt
  if (neighbour.helloAt > now) return neighbour.helloAt
  sendSoon(neighbour, { kind: 'hello', greet: true })
  pump(context, neighbour)
  const wait = Math.min(MAX_HELLO_MS, (RETRY_MS[0] as number) * 2 ** neighbour.helloTries)
  neighbour.helloTries += 1
  neighbour.helloAt = now + jittered(context, wait)
  return neighbour.helloAt
}
