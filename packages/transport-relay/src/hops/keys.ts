/** The key of a second relay, as the relay itself tells it. spec/relay-hops.md section 1. */
import { type IoOptions, KEY_BYTES } from '@hyphae/core'
import type { RelayCalls } from './calls.js'

const NOTHING = new Uint8Array(0)

/** The one to seal to, 32 bytes. Ask the relay itself: calls through an entry could be answered by the entry. */
export async function hopKey(calls: RelayCalls, { signal }: IoOptions = {}): Promise<Uint8Array> {
  const ask = { kind: 'hop-keys', bytes: NOTHING } as const
  const { bytes } = await calls.call(ask, 'hop-keys-list', { repeatable: true, signal })
  return bytes.slice(0, KEY_BYTES)
}
