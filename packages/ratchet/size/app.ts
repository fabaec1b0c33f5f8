/**
 * A program that uses all that sessions need: device keys, prekeys and their rotation, the handshake from both
 * sides, messages, snapshots of everything. classic.ts and pq.ts make it of the parts of their suite; what those
 * bundle to is held to limits in .size-limit.mjs. Knows no store and no network.
 */
import type { SessionCrypto } from '@hyphae/crypto'
import {
  acceptSession,
  createPrekeyState,
  type DeviceKeys,
  decodePrekeyBundle,
  decodePrekeyState,
  decodeSession,
  decryptFrame,
  devicePublicKeys,
  encodePrekeyState,
  encodeSession,
  encryptFrame,
  generateOneTimePrekeys,
  initiateSession,
  lastResortBundle,
  type PeerKeys,
  type PostQuantum,
  type PrekeyState,
  rotateSignedPrekey,
  verifyPrekeyBundle,
} from '@hyphae/ratchet'

/** Sessions and prekeys are bytes, as they stand in a store. */
export interface App {
  device(): DeviceKeys
  publicKeys(keys: DeviceKeys): PeerKeys
  /** New prekeys, or the old ones rotated; `bundles` ends with the last-resort bundle. */
  publish(
    keys: DeviceKeys,
    prekeys: Uint8Array | null,
    now: number,
  ): { prekeys: Uint8Array; bundles: Uint8Array[] }
  begin(
    keys: DeviceKeys,
    bundle: Uint8Array,
    peerSigning: Uint8Array,
    now: number,
  ): { session: Uint8Array; handshake: Uint8Array }
  answer(
    keys: DeviceKeys,
    prekeys: Uint8Array,
    handshake: Uint8Array,
    peer: PeerKeys,
    now: number,
  ): { session: Uint8Array; prekeys: Uint8Array }
  send(session: Uint8Array, text: string): { session: Uint8Array; frame: Uint8Array }
  receive(session: Uint8Array, frame: Uint8Array, now: number): { session: Uint8Array; text: string } | null
}

export function createApp(crypto: SessionCrypto, pq?: PostQuantum): App {
  const suite = pq === undefined ? {} : { pq }
  const open = (session: Uint8Array) => decodeSession(crypto, session, suite)
  const rotated = (keys: DeviceKeys, prekeys: Uint8Array | null, now: number): PrekeyState =>
    prekeys === null
      ? createPrekeyState(crypto, keys, { now, ...suite })
      : rotateSignedPrekey(crypto, keys, decodePrekeyState(crypto, prekeys, suite), { now })
  return {
    device: () => ({ signing: crypto.ed25519.generate(), agreement: crypto.x25519.generate() }),
    publicKeys: (keys) => devicePublicKeys(crypto, keys),
    publish(keys, prekeys, now) {
      const { state, bundles } = generateOneTimePrekeys(crypto, keys, rotated(keys, prekeys, now), 2)
      bundles.push(lastResortBundle(crypto, keys, state))
      return { prekeys: encodePrekeyState(crypto, state), bundles }
    },
    begin(keys, bytes, peerSigning, now) {
      const bundle = verifyPrekeyBundle(crypto, decodePrekeyBundle(bytes), peerSigning)
      const { session, handshake } = initiateSession(crypto, { keys, bundle, now, ...suite })
      return { session: encodeSession(session), handshake }
    },
    answer(keys, stored, handshake, peer, now) {
      const prekeys = decodePrekeyState(crypto, stored, suite)
      const accepted = acceptSession(crypto, { keys, prekeys, handshake, peer, now })
      return {
        session: encodeSession(accepted.session),
        prekeys: encodePrekeyState(crypto, accepted.prekeys),
      }
    },
    send(stored, text) {
      const body = new TextEncoder().encode(text)
      const { session, frame } = encryptFrame(crypto, open(stored), { body, size: 512 })
      return { session: encodeSession(session), frame }
    },
    receive(stored, frame, now) {
      const opened = decryptFrame(crypto, open(stored), frame, { now })
      if (opened === null) return null
      return { session: encodeSession(opened.session), text: new TextDecoder().decode(opened.body) }
    },
  }
}
