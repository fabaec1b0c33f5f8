/**
 * The Topic port over Nostr: ephemeral events that relays pass on and do not keep (NIP-01, kinds 20,000 to 29,999).
 * The topic's name stays with those who know it, as a box's does.
 */

import type { Clock } from '@hyphae/core'
import { isFrameSize, type Topic, toHex, utf8 } from '@hyphae/core'
import { NostrError } from './errors.js'
import { signEvent } from './event.js'
import { generateNostrKey } from './key.js'
import { KIND_EPHEMERAL_WRAP } from './kinds.js'
import { decryptBytes44, encryptBytes44 } from './nip44.js'
import type { Nostr } from './nostr.js'
import type { NostrPool } from './pool.js'

const TAG_LABEL = utf8('hyphae nostr topic')
const KEY_LABEL = utf8('hyphae nostr topic key')

export interface TopicContext {
  readonly nostr: Nostr
  readonly pool: NostrPool
  readonly clock: Clock
}

export function createTopic({ nostr, pool, clock }: TopicContext): Topic {
  const tagOf = (topic: Uint8Array): string => toHex(nostr.crypto.hmacSha256(TAG_LABEL, topic))
  const keyOf = (topic: Uint8Array): Uint8Array => nostr.crypto.hmacSha256(KEY_LABEL, topic)
  return {
    publish: (topic, frame, options) => {
      if (!isFrameSize(frame.length))
        throw new NostrError('nostr/bad-frame', { details: { frame: frame.length } })
      const event = signEvent(nostr, generateNostrKey(nostr), {
        kind: KIND_EPHEMERAL_WRAP,
        created_at: Math.floor(clock.now() / 1000),
        tags: [['p', tagOf(topic)]],
        content: encryptBytes44(nostr, keyOf(topic), frame),
      })
      return pool.publish(event, options)
    },
    subscribe: async function* (topic, options) {
      const filter = { kinds: [KIND_EPHEMERAL_WRAP], tags: { p: [tagOf(topic)] } }
      for await (const events of pool.watch(filter, options)) {
        for (const event of events) {
          const frame = frameIn(nostr, keyOf(topic), event.content)
          if (frame !== null) yield frame
        }
      }
    },
  }
}

function frameIn(nostr: Nostr, key: Uint8Array, content: string): Uint8Array | null {
  try {
    const frame = decryptBytes44(nostr, key, content)
    return isFrameSize(frame.length) ? frame.slice() : null
  } catch {
    return null
  }
}
