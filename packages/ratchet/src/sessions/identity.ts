/** The pinned identity of a device (spec/session.md, "Identity pins"). */
import type { StoreReader } from '@hyphae/core'
import type { PeerKeys } from '../device-keys.js'
import { checkPeer, peerKeysOf } from '../device-keys.js'
import { checkDevice, type SessionsContext } from './context.js'
import { SessionsError } from './errors.js'
import { newPeer, type PeerRow, readPeer, samePeer, writePeer } from './peer-row.js'
import type { SessionTransaction } from './transaction.js'

/** @throws SessionsError `ratchet/identity-changed` unless these are the pinned keys, or none are */
export function checkPin(peer: PeerRow | undefined, keys: PeerKeys): void {
  if (peer !== undefined && !samePeer(peer.pin, keys)) throw new SessionsError('ratchet/identity-changed')
}

/** The keys this device is known by; undefined before the first session. */
export async function pinOf(
  context: SessionsContext,
  reader: StoreReader,
  device: string,
): Promise<PeerKeys | undefined> {
  checkDevice(device)
  return (await readPeer(reader, context.tables, device))?.pin
}

/**
 * Pins other keys. Sessions with the old ones only receive from now on, and a new one may be begun at once.
 * @throws RatchetError `ratchet/bad-key`, `ratchet/own-identity`
 */
export async function approveIdentity(
  context: SessionsContext,
  tx: SessionTransaction,
  device: string,
  keys: PeerKeys,
): Promise<void> {
  checkDevice(device)
  // Before any wait: what is checked is what is pinned.
  const pin = { signing: Uint8Array.from(keys.signing), agreement: Uint8Array.from(keys.agreement) }
  checkPeer(peerKeysOf(context.keys), pin)
  await context.gate.check(tx)
  const peer = await readPeer(tx, context.tables, device)
  if (peer !== undefined && samePeer(peer.pin, pin)) return
  context.gate.touch(tx)
  writePeer(tx, context.tables, device, { ...(peer ?? newPeer(pin)), pin })
}
