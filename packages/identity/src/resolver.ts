/**
 * From a handle to a verified record. spec/identity.md section 7.
 *
 * A resolver only proposes. What it proposes counts when the account that a record names signed it and the
 * record claims the handle; whether that is the account seen before is for `checkPin`.
 */
import { type IoOptions, isHyphaeError, type Resolver } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { normalizeHandle } from './handle.js'
import { MAX_CANDIDATES } from './limits.js'
import {
  decodeIdentityRecord,
  encodeIdentityRecord,
  type IdentityRecord,
  verifyIdentityRecord,
} from './record.js'

/** Resolves from records at hand: contacts that were exchanged in person, or a fixed directory of a company. */
export function staticResolver(records: readonly IdentityRecord[]): Resolver {
  const byHandle = new Map<string, IdentityRecord[]>()
  for (const record of [...records].sort((a, b) => b.sequence - a.sequence)) {
    for (const handle of record.handles) byHandle.set(handle, [...(byHandle.get(handle) ?? []), record])
  }
  return {
    name: 'static',
    resolve: async (handle) => (byHandle.get(normalizeHandle(handle)) ?? []).map(encodeIdentityRecord),
  }
}

/**
 * What `resolver` proposes for `handle` and holds: for the account of the first record that does, its newest;
 * null when none does. At most 16 candidates are looked at.
 * @throws IdentityError `identity/bad-handle`, and what the resolver throws
 */
export async function resolveHandle(
  crypto: CryptoProvider,
  resolver: Resolver,
  handle: string,
  options: IoOptions = {},
): Promise<IdentityRecord | null> {
  const wanted = normalizeHandle(handle)
  const candidates = await resolver.resolve(wanted, options)
  let best: IdentityRecord | null = null
  for (const candidate of candidates.slice(0, MAX_CANDIDATES)) {
    const record = verifiedOrNull(crypto, candidate, best?.account)
    if (!record?.handles.includes(wanted)) continue
    if (record.sequence > (best?.sequence ?? 0)) best = record
  }
  return best
}

function verifiedOrNull(
  crypto: CryptoProvider,
  candidate: Uint8Array,
  account: Uint8Array | undefined,
): IdentityRecord | null {
  try {
    const unverified = decodeIdentityRecord(candidate)
    return verifyIdentityRecord(crypto, unverified, account ?? unverified.account)
  } catch (error) {
    if (isHyphaeError(error)) return null
    throw error
  }
}
