// A log as a device finds it after a restart: written to bytes and read back.
import type { OrderContext } from '../../src/order/input.js'
import type { GroupLog } from '../../src/order/log.js'
import { decodeLogRows } from '../../src/order/restore.js'
import { encodeLogRows } from '../../src/order/rows.js'

export function restored({ mls }: OrderContext, log: GroupLog): GroupLog {
  return decodeLogRows(mls, encodeLogRows(log))
}
