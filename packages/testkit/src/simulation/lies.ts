/** How a relay may lie (hostile cases 23, 36 and 37): each a probability, drawn from the seed. */
import type { DirectoryRecord, MailboxPut } from '@hyphae/core'
import type { SeededRandom } from '../seeded-random.js'
import type { BoxItem, RelayBox } from './relay-box.js'
import type { DirectoryTable } from './relay-directory.js'

export interface RelayLies {
  /** A frame is confirmed and thrown away. */
  readonly drop?: number
  /** A frame is confirmed, kept, and not shown until the relay releases it. */
  readonly withhold?: number
  /** Chooses what is withheld, whatever the probability. */
  readonly withholds?: (put: MailboxPut) => boolean
  /** An answer brings acknowledged frames again, under new cursors. */
  readonly replay?: number
  /** An acknowledgement is forgotten: old frames come again under their old cursors. */
  readonly rollBack?: number
  /** Frames of an answer are shuffled. */
  readonly reorder?: number
  /** An answer says that nothing waits. */
  readonly nothing?: number
  /** A lookup answers with what stood there before. */
  readonly outdated?: number
  /** A lookup finds nothing. */
  readonly hidden?: number
}

export interface Liar {
  lies: RelayLies
  fateOf(put: MailboxPut): 'stored' | 'dropped' | 'withheld'
  /** What a reader is told waits after `cursor`. */
  shown(box: RelayBox, cursor: number, limit: number): readonly BoxItem[]
  records(table: DirectoryTable, address: Uint8Array): DirectoryRecord[]
}

/** An honest relay is one whose lies are `{}`: it draws nothing. */
export function liar(random: SeededRandom, lies: RelayLies): Liar {
  const draws = (probability: number | undefined): boolean =>
    probability !== undefined && probability > 0 && random.chance(probability)
  const self: Liar = {
    lies,
    fateOf: (put) => {
      if (self.lies.withholds?.(put) || draws(self.lies.withhold)) return 'withheld'
      return draws(self.lies.drop) ? 'dropped' : 'stored'
    },
    shown: (box, cursor, limit) => {
      if (draws(self.lies.nothing)) return []
      const restarts = draws(self.lies.rollBack)
      if (restarts) box.rollBack()
      const honest = box.after(restarts ? 0 : cursor, limit)
      const told = draws(self.lies.reorder) ? random.shuffle(honest) : honest
      return draws(self.lies.replay) ? [...told, ...repeated(box, told, cursor)] : told
    },
    records: (table, address) => {
      if (draws(self.lies.hidden)) return []
      const past = draws(self.lies.outdated) ? table.outdated(address) : []
      return past.length > 0 ? past : table.lookup(address)
    },
  }
  return self
}

/** Old frames under the cursor of the last told one, so that acknowledging them forgets nothing unseen. */
function repeated(box: RelayBox, told: readonly BoxItem[], cursor: number): BoxItem[] {
  const last = told.at(-1)?.cursor ?? cursor
  return box.acknowledged().map((item) => ({ ...item, cursor: last }))
}
