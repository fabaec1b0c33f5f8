/** One mailbox of a simulated relay: one frame per id, cursors that rise, cumulative acknowledgement. */
import { toHex } from '@hyphae/core'
import { TestkitError } from '../errors.js'
import { MAX_SIMULATED_BOX_FRAMES } from '../limits.js'

export interface BoxItem {
  readonly cursor: number
  readonly frame: Uint8Array
  /** A relay that withholds keeps it and does not show it. */
  readonly withheld: boolean
}

export interface RelayBox {
  /** @throws TestkitError `testkit/full` */
  put(id: Uint8Array, frame: Uint8Array, withheld: boolean): void
  /** Takes the id without the frame: what a relay does that confirms and throws away. */
  swallow(id: Uint8Array): void
  after(cursor: number, limit: number): readonly BoxItem[]
  acknowledge(cursor: number): void
  /** What was acknowledged: an honest relay has forgotten it. */
  acknowledged(): readonly BoxItem[]
  /** Puts what was acknowledged back in front. */
  rollBack(): void
  /** Shows what was withheld, as new. */
  release(): void
  waiting(): number
}

/** `changed` is told of each frame that is shown. */
export function relayBox(changed: (frame: Uint8Array) => void): RelayBox {
  let items: BoxItem[] = []
  let past: BoxItem[] = []
  let lastCursor = 0
  const ids = new Set<string>()

  const store = (frame: Uint8Array, withheld: boolean): void => {
    lastCursor += 1
    items.push({ cursor: lastCursor, frame, withheld })
    if (!withheld) changed(frame)
  }
  return {
    put: (id, frame, withheld) => {
      const name = toHex(id)
      if (ids.has(name)) return
      if (items.length >= MAX_SIMULATED_BOX_FRAMES)
        throw new TestkitError('testkit/full', { details: { frames: items.length } })
      ids.add(name)
      store(frame.slice(), withheld)
    },
    swallow: (id) => void ids.add(toHex(id)),
    after: (cursor, limit) => items.filter((item) => item.cursor > cursor && !item.withheld).slice(0, limit),
    acknowledge: (cursor) => {
      past.push(...items.filter((item) => item.cursor <= cursor && !item.withheld))
      items = items.filter((item) => item.cursor > cursor || item.withheld)
    },
    acknowledged: () => past,
    rollBack: () => {
      items = [...past, ...items]
      past = []
    },
    release: () => {
      const held = items.filter(({ withheld }) => withheld)
      items = items.filter(({ withheld }) => !withheld)
      for (const { frame } of held) store(frame, false)
    },
    waiting: () => items.length,
  }
}
