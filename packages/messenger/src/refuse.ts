/** Refusing what is authentic but malformed: reported after the commit, with nothing else undone for it. */
import { isHyphaeError } from '@hyphae/core'
import type { NodeContext, Work } from './context.js'
import type { BoxRow } from './rows.js'

export function reportRefusal(context: NodeContext, where: BoxRow['kind'], code: string): void {
  context.logger.warn('receiver: input was refused', { where, code })
  context.emit({ type: 'refused', where, code })
}

/**
 * Runs a decoder over authentic input. A typed refusal gives null and is reported when the transaction is durable:
 * the session or group has moved on, so the transaction must not be undone.
 */
export async function orRefuse<T>(
  context: NodeContext,
  tx: Work,
  where: BoxRow['kind'],
  work: () => T | Promise<T>,
): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (!isHyphaeError(error)) throw error
    const { code } = error
    tx.after(() => reportRefusal(context, where, code))
    return null
  }
}
