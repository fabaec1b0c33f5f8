/** The URL of a relay, checked. */
import { RelayCarrierError } from './errors.js'

/** @throws RelayCarrierError `relay-carrier/bad-url` */
export function relayUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !['ws:', 'wss:'].includes(parsed.protocol) || parsed.hostname === '')
    throw new RelayCarrierError('relay-carrier/bad-url')
  // A fragment makes WebSocket throw; credentials do not belong into names and logs.
  if (parsed.hash !== '' || parsed.username !== '' || parsed.password !== '')
    throw new RelayCarrierError('relay-carrier/bad-url')
  return parsed
}
