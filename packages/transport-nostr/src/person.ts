/**
 * Somebody who writes and reads private messages of NIP-17 with whatever client the others use. What is sent goes to the
 * relays that each recipient lists for it and nowhere else; whoever lists none is sent nothing.
 */
import type { CarrierComponents, IoOptions } from '@hyphae/core'
import { conversationKeys } from './conversation-keys.js'
import { type EventTemplate, makeRumor, signEvent } from './event.js'
import { giftWrap, unwrapGift } from './gift-wrap.js'
import type { NostrKey, PublicKeyHex } from './key.js'
import { KIND_GIFT_WRAP } from './kinds.js'
import { MAX_SEEN_EVENTS } from './limits.js'
import type { Nostr } from './nostr.js'
import type { NostrPool } from './pool.js'
import { type PrivateMessage, readPrivateMessage } from './private-message.js'
import { messageRelaysOf, messageRelaysTemplate } from './relay-list.js'

export interface PersonContext {
  readonly nostr: Nostr
  readonly key: NostrKey
  readonly components: CarrierComponents
  /** Where lists are looked for and own messages are read. */
  readonly home: NostrPool
  /** A pool over other relays; closed after use. */
  readonly connect: (urls: readonly string[]) => NostrPool
}

/** A live resource. */
export interface NostrPerson extends AsyncDisposable {
  readonly publicKey: PublicKeyHex
  /** Lists the home relays as those that private messages are read from (kind 10050). */
  announce(options?: IoOptions): Promise<void>
  /**
   * Wraps for everybody named in the template's `p` tags, and a copy for the author's other clients. Gives the id that all
   * of them know the message by. Rejects before anything is published when somebody lists no relays; a message that is sent
   * again is the same one to who has it, as long as its template is the same.
   * @throws NostrError `nostr/no-message-relays`, `nostr/unreachable`, `nostr/refused`
   */
  send(template: EventTemplate, options?: IoOptions): Promise<string>
  /** Messages to this person and copies of its own, each once. What is no message is passed over. */
  messages(options?: IoOptions): AsyncIterable<PrivateMessage>
  close(): Promise<void>
}

export function createPerson(context: PersonContext): NostrPerson {
  const { nostr, key, home } = context
  const keys = conversationKeys(nostr)
  const seconds = (): number => Math.floor(context.components.clock.now() / 1000)
  return {
    publicKey: key.publicKey,
    announce: (options) =>
      home.publish(signEvent(nostr, key, messageRelaysTemplate(home.relays, seconds())), options),
    send: async (template, options) => {
      const rumor = makeRumor(nostr, key.publicKey, template)
      const recipients = new Set(
        template.tags.flatMap(([name, value]) => (name === 'p' && value ? [value] : [])),
      )
      recipients.delete(key.publicKey)
      const addressed = await Promise.all(
        [...recipients].map(async (person) => ({
          person,
          relays: await messageRelaysOf(home, person, options),
        })),
      )
      const copies = [...addressed, { person: key.publicKey, relays: home.relays }]
      await Promise.all(
        copies.map(async ({ person, relays }) => {
          const wrap = giftWrap(nostr, { author: key, recipient: person, rumor, now: seconds(), keys })
          await publishAt(context, relays, (pool) => pool.publish(wrap, options))
        }),
      )
      return rumor.id
    },
    messages: async function* (options) {
      const given = new Set<string>()
      const filter = { kinds: [KIND_GIFT_WRAP], tags: { p: [key.publicKey] } }
      for await (const wraps of home.watch(filter, options)) {
        for (const wrap of wraps) {
          const message = read(context, () => unwrapGift(nostr, { own: key, keys }, wrap)?.rumor)
          if (message === null || given.has(message.id)) continue
          given.add(message.id)
          if (given.size > MAX_SEEN_EVENTS) given.delete(given.values().next().value as string)
          yield message
        }
      }
    },
    close: home.close,
    [Symbol.asyncDispose]: home.close,
  }
}

async function publishAt(
  { home, connect }: PersonContext,
  relays: readonly string[],
  publish: (pool: NostrPool) => Promise<void>,
): Promise<void> {
  if (relays === home.relays) return publish(home)
  const pool = connect(relays)
  try {
    await publish(pool)
  } finally {
    await pool.close()
  }
}

function read(
  { components }: PersonContext,
  open: () => Parameters<typeof readPrivateMessage>[0] | undefined,
): PrivateMessage | null {
  try {
    const rumor = open()
    return rumor === undefined ? null : readPrivateMessage(rumor)
  } catch {
    components.logger.warn('nostr: a wrap held no private message')
    return null
  }
}
