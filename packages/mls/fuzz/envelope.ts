/**
 * Fuzz target: any bytes as an envelope from a carrier, into a member's log. A step never throws for it; what is not
 * taken is named in an event, which is thrown here as the error that it is. The log it was given stays as it was, and
 * the next one can be stored and read back.
 */
import { equalBytes } from '@hyphae/core'
import { MLS_ERRORS, MlsError, type MlsErrorCode } from '../src/index.js'
import {
  decodeLogRows,
  encodeLogRows,
  type LogRow,
  type OrderContext,
  startLog,
  step,
} from '../src/order/index.js'
import { type FuzzTarget, fuzzGroup } from './support/group.js'

function assertSame(a: readonly LogRow[], b: readonly LogRow[]): void {
  const rows = new Map(b.map(({ key, value }) => [key, value]))
  const same = a.every(({ key, value }) =>
    equalBytes(value ?? new Uint8Array(), rows.get(key) ?? new Uint8Array(1)),
  )
  if (a.length !== b.length || !same) throw new Error('rows differ')
}

const isCode = (code: string): code is MlsErrorCode => Object.hasOwn(MLS_ERRORS, code)

export const target: FuzzTarget = {
  name: 'envelope',
  async run(input) {
    const { ctx, identities, victim } = await fuzzGroup()
    const [, identity] = identities
    if (identity === undefined) throw new Error('no victim')
    const order: OrderContext = { mls: ctx, identity, mode: 'deterministic' }
    const before = await startLog(order, victim)
    const rows = encodeLogRows(before)
    const { log, effects } = await step(order, before, { kind: 'envelope', envelope: input })
    assertSame(encodeLogRows(before), rows)
    assertSame(encodeLogRows(decodeLogRows(ctx, encodeLogRows(log))), encodeLogRows(log))
    for (const effect of effects)
      if (effect.kind === 'event' && effect.event.kind === 'refused' && isCode(effect.event.code))
        throw new MlsError(effect.event.code)
  },
}
