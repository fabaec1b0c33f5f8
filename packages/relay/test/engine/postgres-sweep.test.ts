import type { Pool } from 'pg'
import { describe, expect, it } from 'vitest'
import { SPEND_SLACK_MS } from '../../src/engine/postgres/limits.js'
import { sweepExpired } from '../../src/engine/postgres/sweep.js'

describe('hostile 8: what was used', () => {
  it('is forgotten only when no relay of the cluster takes it any more, also one whose clock is behind', async () => {
    const limits = new Map<string, unknown>()
    const query = async (text: string, values: unknown[] = []) => {
      const table = /^DELETE FROM (ids|terms|spends) /.exec(text)?.[1]
      if (table !== undefined) limits.set(table, values[0])
      return { rowCount: 0 }
    }
    const partitions = { ensure: async () => {}, drop: async () => {} }
    const now = 1_800_000_000_000
    await sweepExpired({ query } as unknown as Pool, partitions, now, new AbortController().signal)
    expect(Object.fromEntries(limits)).toEqual({ ids: now, terms: now, spends: now - SPEND_SLACK_MS })
    expect(SPEND_SLACK_MS).toBeGreaterThan(10 * 60 * 1000)
  })
})
