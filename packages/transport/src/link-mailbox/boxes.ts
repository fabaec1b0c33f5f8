/** The boxes that are read here, and what waits in them: data that the parts of an inbox share. */
import type { BoxId, BoxKey } from '@hyphae/core'
import type { Notifier } from '../notifier.js'
import type { Peer, Post } from './post.js'

export interface Item {
  readonly cursor: number
  readonly id: Uint8Array
  /** The id again, to compare by. */
  readonly name: string
  readonly frame: Uint8Array
  /** Who waits for its confirmation. */
  readonly from: Set<Peer>
}

export interface Box {
  readonly key: BoxKey
  readonly hex: string
  watchers: number
  items: Item[]
  readonly changed: Notifier
}

export interface Expected {
  readonly tag: Uint8Array
  readonly hex: string
  readonly id: Uint8Array
  readonly name: string
}

export interface Boxes {
  readonly post: Post
  readonly boxes: Map<string, Box>
  /** Boxes that nobody watches and somebody has fetched from, the longest unused first. */
  readonly fetched: Set<string>
  /** Box and id of frames that are acknowledged. */
  readonly taken: Set<string>
  /** By peer and digest. */
  readonly expected: Map<Peer, Map<string, Expected[]>>
  /** Resolves when peers were met, as far as they answer. */
  readonly met: (signal: AbortSignal) => Promise<void>
  /** Told of each box that is read from now on. */
  readonly opened: (box: BoxId) => void
  bytes: number
  number: number
  /** Of the newest item in any box: so it rises in each, also in one that is left and opened again. */
  cursor: number
}

export function takenName({ hex }: Box, name: string): string {
  return `${hex}/${name}`
}
