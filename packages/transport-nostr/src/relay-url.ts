/** Addresses of relays: WebSocket URLs without what does not belong into names and logs. */
import { NostrError } from './errors.js'

/** @throws NostrError `nostr/bad-url` */
export function relayUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !['ws:', 'wss:'].includes(parsed.protocol) || parsed.hostname === '')
    throw new NostrError('nostr/bad-url')
  // A fragment makes WebSocket throw; credentials do not belong into names and logs.
  if (parsed.hash !== '' || parsed.username !== '' || parsed.password !== '')
    throw new NostrError('nostr/bad-url')
  return parsed
}
