/** What a box key signs to open its box on one connection. spec/relay.md section 3. */
import { concatBytes, utf8 } from '@hyphae/core'
import { RelayCarrierError } from '../errors.js'
import { MAX_HOST_BYTES } from '../limits.js'

const LABEL = utf8('hyphae relay open v1')

/** Bound to one connection by the relay's challenge and to one relay by the host name the client dialled. */
export function openProof(challenge: Uint8Array, host: string, box: Uint8Array): Uint8Array {
  const name = utf8(host)
  if (name.length > MAX_HOST_BYTES)
    throw new RelayCarrierError('relay-carrier/bad-url', { details: { hostBytes: name.length } })
  return concatBytes(LABEL, challenge, Uint8Array.of(name.length), name, box)
}

/** The host name of a `Host` header as a URL writes it: no port, lower case; undefined when it is none. */
export function hostName(header: string): string | undefined {
  try {
    const name = new URL(`http://${header}`).hostname
    return name.length > 0 && name.length <= MAX_HOST_BYTES ? name : undefined
  } catch {
    return undefined
  }
}
