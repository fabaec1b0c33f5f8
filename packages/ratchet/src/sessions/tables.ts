/** Where the manager keeps its rows, below a prefix of the caller's (spec/session.md, "Rows"). */
import type { StoreKey } from '@hyphae/core'

export interface Tables {
  meta(): StoreKey
  /** What is known of a device, or all of them. */
  peer(device?: string): StoreKey
  /** One session, those of a device, or all. */
  session(device?: string, id?: string): StoreKey
  prekeys(): StoreKey
  /** A one-time prekey, or all by ascending id. */
  oneTime(id?: number): StoreKey
  /** Base keys of handshakes without a one-time prekey, by the signed prekey they used. */
  seen(signedPrekeyId?: number, baseKey?: Uint8Array): StoreKey
}

export function tablesOf(prefix: string): Tables {
  const key = (name: string, ...parts: readonly (string | number | Uint8Array | undefined)[]): StoreKey => {
    const given = parts.filter((part) => part !== undefined)
    return [`${prefix}-${name}`, ...given]
  }
  return {
    meta: () => key('meta'),
    peer: (device) => key('peer', device),
    session: (device, id) => key('session', device, id),
    prekeys: () => key('prekeys'),
    oneTime: (id) => key('one-time', id),
    seen: (signedPrekeyId, baseKey) => key('seen', signedPrekeyId, baseKey),
  }
}
