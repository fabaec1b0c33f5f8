/**
 * A link between nodes that are never there at the same time: frames go through mailboxes, one for each direction of
 * each pair (spec/objects.md, "Over mailboxes").
 */
import type { BoxId, BoxKey, IoOptions, Link, Mailbox } from '@hyphae/core'
import { createSignal } from './signal.js'

export interface MailboxPeer {
  /** What it is called on the link. */
  readonly peer: string
  /** Where frames for it are put. */
  readonly theirs: BoxId
  /** Where its frames wait: a box for this peer alone, since a frame does not say who put it. */
  readonly ours: BoxKey
}

export interface MailboxLinkOptions {
  readonly mailbox: Mailbox
  readonly peers: readonly MailboxPeer[]
  /** Names frames in the box. */
  readonly randomBytes: (length: number) => Uint8Array
}

const PUT_ID_BYTES = 16

interface Waiting {
  readonly peer: string
  readonly frame: Uint8Array
  /** Called when the reader came back for the next one. */
  readonly done: () => void
}

/** A frame is acknowledged when its reader asks for the next: what was being taken when a node died comes again. */
export function mailboxLink({ mailbox, peers, randomBytes }: MailboxLinkOptions): Link {
  const byName = new Map(peers.map((one) => [one.peer, one]))
  return {
    send: async (peer, frame, options) => {
      const to = byName.get(peer)
      if (to === undefined) throw new RangeError('no such peer')
      await mailbox.put([{ box: to.theirs, id: randomBytes(PUT_ID_BYTES), frame }], options)
    },
    peers: () => [...byName.keys()],
    frames: (options) => readAll(mailbox, peers, options),
  }
}

async function* readAll(
  mailbox: Mailbox,
  peers: readonly MailboxPeer[],
  options: IoOptions = {},
): AsyncGenerator<{ readonly peer: string; readonly frame: Uint8Array }, void, undefined> {
  const stop = new AbortController()
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal])
  const waiting: Waiting[] = []
  const arrived = createSignal()
  let failure: { readonly error: unknown } | undefined
  const watches = peers.map((one) =>
    watchBox(mailbox, one, signal, (frame) => {
      waiting.push(frame)
      arrived.fire()
    }).catch((error: unknown) => {
      failure ??= { error }
      arrived.fire()
    }),
  )
  try {
    while (!signal.aborted) {
      const next = waiting.shift()
      if (next !== undefined) {
        yield { peer: next.peer, frame: next.frame }
        next.done()
      } else if (failure !== undefined) throw failure.error
      else await arrived.wait(signal)
    }
  } finally {
    stop.abort()
    await Promise.all(watches)
  }
}

async function watchBox(
  mailbox: Mailbox,
  { peer, ours }: MailboxPeer,
  signal: AbortSignal,
  give: (frame: Waiting) => void,
): Promise<void> {
  for await (const delivery of mailbox.watch(ours, { signal })) {
    const taken = await new Promise<boolean>((resolve) => {
      const end = (done: boolean): void => {
        signal.removeEventListener('abort', abort)
        resolve(done)
      }
      const abort = (): void => end(false)
      signal.addEventListener('abort', abort, { once: true })
      give({ peer, frame: delivery.frame, done: () => end(true) })
    })
    if (taken) await delivery.ack()
    if (signal.aborted) return
  }
}
