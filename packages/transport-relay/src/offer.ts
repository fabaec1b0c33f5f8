/** What the relay offers, asked once a connection; a relay that cannot say offers codes 1 to 16. */
import type { IoOptions } from '@hyphae/core'
import { isHyphaeError } from '@hyphae/core'
import type { Dialer } from './dialer.js'
import { type Description, FIRST_DESCRIPTION, readDescription } from './wire/description.js'

export function isUnsupported(error: unknown): boolean {
  return isHyphaeError(error, 'relay-carrier/unsupported')
}

/** Asks now. */
export async function describe(dialer: Dialer, { signal }: IoOptions = {}): Promise<Description> {
  try {
    const { fields } = await dialer.call({ kind: 'describe' }, 'description', { repeatable: true, signal })
    return readDescription(fields)
  } catch (error) {
    if (isUnsupported(error)) return FIRST_DESCRIPTION
    throw error
  }
}
