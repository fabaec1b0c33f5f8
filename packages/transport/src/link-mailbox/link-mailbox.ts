/**
 * A Mailbox and a small Directory over nothing but a Link (spec/link-mailbox.md): nodes tell each other which boxes they
 * read, a put travels to who reads the box, and is stored when its reader has it. Nothing is kept for those who are away:
 * the sender keeps it, and sends it when they come.
 */
import {
  type CarrierTraits,
  type Clock,
  type Directory,
  equalBytes,
  isHyphaeError,
  type Link,
  type Logger,
  type Mailbox,
  silentLogger,
  systemClock,
  type Topic,
} from '@hyphae/core'
import { systemRandom } from '../backoff.js'
import { MAX_LINK_REFUSALS, PEER_CHECK_MS } from '../limits.js'
import type { DirectoryChecks } from '../memory-directory.js'
import { decodeControl } from './control.js'
import { greet, greetNow, hear, type Meeting, meet, meetAll } from './greeter.js'
import { createInbox, type Inbox } from './inbox.js'
import { decodeMessage, type Message } from './message.js'
import { createOutgoing, type Outgoing } from './outgoing.js'
import { createPost, type LinkCrypto, type Peer, type Post, peerOf, sayHello } from './post.js'
import { createQuestions, type Questions } from './questions.js'
import { createWakeups, type Wakeups } from './wakeups.js'

export interface LinkMailboxOptions {
  readonly crypto: LinkCrypto
  /** Those of the link: its MTU bounds frames, latency and bandwidth how long an answer is waited for. */
  readonly traits: CarrierTraits
  readonly clock?: Clock
  readonly logger?: Logger
  /** Uniform in [0, 1): spreads greetings. */
  readonly random?: () => number
  /** Whom to greet, beside those that the link names. */
  readonly peers?: readonly string[]
  /** Wakes those who have frames for a node that comes, where the carrier has one. */
  readonly topic?: Topic
  /** What this node checks of what it publishes itself. */
  readonly checks?: DirectoryChecks
}

export interface LinkMailbox extends AsyncDisposable {
  readonly mailbox: Required<Mailbox>
  readonly directory: Directory
  /** Peers that answer now. */
  met(): string[]
  /** Ends everything but the link. */
  close(): Promise<void>
}

interface Parts {
  readonly post: Post
  readonly outgoing: Outgoing
  readonly inbox: Inbox
  readonly questions: Questions
  readonly candidates: () => readonly string[]
}

/** Reads the link's frames from now on: nobody else may. */
export function linkMailbox(link: Link, options: LinkMailboxOptions): LinkMailbox {
  const { clock = systemClock, logger = silentLogger, random = systemRandom, traits, crypto } = options
  const closing = new AbortController()
  const post = createPost({ link, traits, crypto, clock, logger, random, closed: closing.signal })
  const candidates = (): readonly string[] => [...(options.peers ?? []), ...(link.peers?.() ?? [])]
  const met = (signal: AbortSignal): Promise<void> => meetAll(post, candidates, signal)
  const wakeups: Wakeups = createWakeups(
    post,
    options.topic,
    () => inbox.boxes(),
    () => greetNow(post, candidates),
  )
  const outgoing = createOutgoing(post, wakeups)
  const inbox: Inbox = createInbox(post, met, wakeups.opened)
  const questions = createQuestions(post, met, options.checks ?? {})
  const parts: Parts = { post, outgoing, inbox, questions, candidates }
  const running = [listen(parts), keep(parts)]
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    closed ??= (async () => {
      closing.abort()
      outgoing.close()
      await Promise.all(running)
    })()
    return closed
  }
  return {
    mailbox: { put: outgoing.put, reach: outgoing.reach, fetch: inbox.fetch, watch: inbox.watch },
    directory: questions.directory,
    met: () => [...post.peers.values()].flatMap(({ name, present }) => (present ? [name] : [])),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Hears until the end; a link that breaks off its reading is read again. */
async function listen(parts: Parts): Promise<void> {
  const { post } = parts
  while (!post.closed.aborted) {
    try {
      for await (const { peer, frame } of post.link.frames({ signal: post.closed }))
        hearFrame(parts, peer, frame)
    } catch (error) {
      post.logger.warn('link mailbox: the link could not be read', { code: codeOf(error) })
    }
    if (!post.closed.aborted) await post.clock.sleep(PEER_CHECK_MS, post.closed, true).catch(() => {})
  }
}

/** Greets, and says again what was not answered, when it is time. */
async function keep({ post, outgoing, inbox, candidates }: Parts): Promise<void> {
  while (!post.closed.aborted) {
    const now = post.clock.now()
    const busy = [outgoing.tend(now), inbox.tend(now)].some(Boolean)
    const nextGreeting = greet(post, candidates, now)
    const rest = Math.min(busy ? BUSY_CHECK_MS : PEER_CHECK_MS, Math.max(1, nextGreeting - now))
    const over = new AbortController()
    const stop = AbortSignal.any([over.signal, post.closed])
    await Promise.race([post.changed.wait(stop), post.clock.sleep(rest, stop, true).catch(() => {})])
    over.abort()
  }
}

const BUSY_CHECK_MS = 500

function hearFrame(parts: Parts, name: string, frame: Uint8Array): void {
  const peer = peerOf(parts.post, name)
  if (peer === undefined) return
  try {
    if (parts.inbox.receive(peer, frame)) return
    const control = decodeControl(frame)
    if (control !== null) hearMessage(parts, peer, control.to, decodeMessage(control.message))
  } catch (error) {
    peer.refusals += 1
    parts.post.logger.info('link mailbox: a message was refused', { code: codeOf(error) })
  }
}

function hearMessage(parts: Parts, peer: Peer, to: Uint8Array, message: Message): void {
  const { post } = parts
  if (message.kind === 'hello') welcome(parts, peer, meet(post, peer, message))
  // It speaks to a run that is over, or was forgotten here.
  else if (peer.run === undefined || !equalBytes(to, post.run)) sayHello(post, peer, true)
  else if (peer.refusals < MAX_LINK_REFUSALS) {
    welcome(parts, peer, hear(post, peer))
    pass(parts, peer, message)
  }
}

function pass({ outgoing, inbox, questions }: Parts, peer: Peer, message: Message): void {
  switch (message.kind) {
    case 'serve':
      outgoing.onServe(peer, message)
      break
    case 'heard':
      inbox.onHeard(peer, message)
      break
    case 'put':
    case 'probe':
      inbox.onOffer(peer, message)
      break
    case 'taken':
      if (!outgoing.onTaken(peer, message)) peer.refusals += 1
      break
    case 'standing':
      outgoing.onStanding(peer, message)
      break
    case 'answer':
      questions.onAnswer(peer, message)
      break
    case 'lookup':
    case 'take':
    case 'count':
      questions.onQuestion(peer, message)
  }
}

function welcome({ outgoing, inbox }: Parts, peer: Peer, meeting: Meeting): void {
  if (meeting === 'known' || meeting === 'ignored') return
  if (meeting === 'anew') outgoing.forget(peer)
  inbox.introduce(peer, meeting === 'anew')
  outgoing.revive(peer)
}

function codeOf(error: unknown): string {
  return isHyphaeError(error) ? error.code : 'unknown'
}
