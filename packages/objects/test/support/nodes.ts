// Exchanges over memory stores, closed at the end of a test.
import type { Store } from '@hyphae/core'
import { type ExchangeOptions, type ObjectEvent, type ObjectExchange, openExchange } from '@hyphae/objects'
import { memoryStore } from '@hyphae/store'
import { onTestFinished } from 'vitest'

export interface TestNode {
  readonly exchange: ObjectExchange
  readonly store: Store
  readonly events: ObjectEvent[]
}

export async function openNode(options: Partial<ExchangeOptions> = {}): Promise<TestNode> {
  const store = options.store ?? memoryStore()
  const exchange = await openExchange({ ...options, store })
  const events: ObjectEvent[] = []
  exchange.listen((event) => events.push(event))
  onTestFinished(() => exchange.close())
  return { exchange, store, events }
}

export function codes(events: readonly ObjectEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'refused' ? [event.code] : []))
}

/** Everything that is due has happened. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 60; i++) await new Promise((resolve) => setImmediate(resolve))
}
