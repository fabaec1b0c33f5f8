/**
 * Gift wraps (NIP-59) around private messages (NIP-17): a rumor, unsigned, in a seal that its author signs, in a wrap
 * of a one-time key. The relay sees the recipient's key and a time that may be two days off.
 */
import { backdated } from './backdate.js'
import type { ConversationKeys } from './conversation-keys.js'
import { NostrError } from './errors.js'
import {
  type NostrEvent,
  parseJson,
  type Rumor,
  readRumor,
  signEvent,
  tagValue,
  verifyEvent,
} from './event.js'
import { generateNostrKey, type NostrKey, type PublicKeyHex } from './key.js'
import { KIND_GIFT_WRAP, KIND_SEAL } from './kinds.js'
import { conversationKey, decrypt44, encrypt44 } from './nip44.js'
import type { Nostr } from './nostr.js'

export interface WrapOptions {
  /** Whose private message it is; signs the seal. */
  readonly author: NostrKey
  readonly recipient: PublicKeyHex
  readonly rumor: Rumor
  /** Seconds since 1970; seal and wrap are dated up to two days before. */
  readonly now: number
  /** Tags of the wrap beside its `p`, such as `expiration`. */
  readonly tags?: readonly (readonly string[])[]
  readonly keys: ConversationKeys
}

/** One wrap, for one recipient. @throws NostrError `nostr/bad-wrap` when the rumor is not the author's */
export function giftWrap(nostr: Nostr, options: WrapOptions): NostrEvent {
  const { author, recipient, rumor, now, keys } = options
  if (rumor.pubkey !== author.publicKey) throw new NostrError('nostr/bad-wrap')
  const seal = signEvent(nostr, author, {
    kind: KIND_SEAL,
    created_at: backdated(nostr, now),
    tags: [],
    content: encrypt44(nostr, keys.with(author, recipient), JSON.stringify(rumor)),
  })
  const once = generateNostrKey(nostr)
  return signEvent(nostr, once, {
    kind: KIND_GIFT_WRAP,
    created_at: backdated(nostr, now),
    tags: [['p', recipient], ...(options.tags ?? [])],
    content: encrypt44(nostr, conversationKey(nostr, once, recipient), JSON.stringify(seal)),
  })
}

export interface Unwrapped {
  /** Author checked: the seal's signature and the rumor's key agree. */
  readonly rumor: Rumor
  readonly wrapId: string
}

/**
 * Null when the wrap is not for `own`. Everything inside is checked: signatures of wrap and seal, kinds, that the seal
 * has no tags, and that the rumor's author is the seal's (or else anybody could speak as anybody).
 * @throws NostrError `nostr/forged-event`, `nostr/bad-event`, `nostr/bad-payload`, `nostr/bad-wrap`
 */
export function unwrapGift(
  nostr: Nostr,
  { own, keys }: { readonly own: NostrKey; readonly keys: ConversationKeys },
  value: unknown,
): Unwrapped | null {
  const wrap = verifyEvent(nostr, value)
  if (wrap === null) throw new NostrError('nostr/forged-event')
  if (wrap.kind !== KIND_GIFT_WRAP || tagValue(wrap, 'p') !== own.publicKey) return null
  // The wrap's key is used once, so its conversation key is not worth keeping.
  const inner = decrypt44(nostr, conversationKey(nostr, own, wrap.pubkey), wrap.content)
  const seal = verifyEvent(nostr, parseJson(inner))
  if (seal === null) throw new NostrError('nostr/forged-event')
  if (seal.kind !== KIND_SEAL || seal.tags.length > 0) throw new NostrError('nostr/bad-wrap')
  const rumor = readRumor(nostr, parseJson(decrypt44(nostr, keys.with(own, seal.pubkey), seal.content)))
  if (rumor.pubkey !== seal.pubkey) throw new NostrError('nostr/bad-wrap')
  return { rumor, wrapId: wrap.id }
}
