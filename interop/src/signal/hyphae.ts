// Our side, from the built packages. All its randomness comes from one seed, so a recorded run can be replayed.
import {
  createNobleCrypto,
  defaultCrypto,
  unsafeSeededRng,
} from '../../../packages/crypto/dist/index.node.js'
import * as wire from '../../../packages/ratchet/dist/signal.js'
import type { Letter, Party, WireBundle } from './party.js'

/** After so many letters the session goes through its stored form. */
const RESTART_EVERY = 7
const EC_TYPE = 0x05
const KEM_TYPE = 0x08
const typed = (type: number, key: Uint8Array): Uint8Array => Uint8Array.of(type, ...key)
const plain = (key: Uint8Array): Uint8Array => key.slice(1)

export interface HyphaeParty extends Party {
  /** Post-quantum exchanges completed. */
  epochs(): number
  /** The stored form of the session. */
  snapshot(): Uint8Array
}

/** @param seed 32 bytes make the run repeatable, with the portable provider; without them Node's provider is used */
export function hyphaeParty(seed?: Uint8Array): HyphaeParty {
  const crypto = seed === undefined ? defaultCrypto : createNobleCrypto({ rng: unsafeSeededRng(seed) })
  const identity = crypto.x25519.generate()
  const signed = wire.createSignedPrekey(crypto, identity, 11)
  const kyber = wire.createKyberPrekey(crypto, identity, 12)
  const prekeys = new Map<number, wire.SignalPrekey>()
  let session: wire.SignalSession | undefined
  let peerIdentity: Uint8Array | undefined
  let letters = 0

  function keep(next: wire.SignalSession): void {
    letters++
    const restart = letters % RESTART_EVERY === 0
    session = restart ? wire.decodeSignalSession(crypto, wire.encodeSignalSession(crypto, next)) : next
  }

  async function publish(withPrekey: boolean): Promise<WireBundle> {
    const bundle = {
      registrationId: 77,
      deviceId: 1,
      identityKey: typed(EC_TYPE, identity.publicKey),
      signedPrekey: { id: 11, key: typed(EC_TYPE, signed.key.publicKey), signature: signed.signature },
      kyberPrekey: { id: 12, key: typed(KEM_TYPE, kyber.publicKey), signature: kyber.signature },
    }
    if (!withPrekey) return bundle
    const once = wire.createPrekey(crypto, 13)
    prekeys.set(once.id, once)
    return { ...bundle, prekey: { id: once.id, key: typed(EC_TYPE, once.key.publicKey) } }
  }

  async function initiate(given: WireBundle): Promise<void> {
    const { signedPrekey, kyberPrekey, prekey } = given
    const offered = {
      registrationId: given.registrationId,
      deviceId: given.deviceId,
      identityKey: plain(given.identityKey),
      signedPrekey: { ...signedPrekey, key: plain(signedPrekey.key) },
      kyberPrekey: { ...kyberPrekey, key: plain(kyberPrekey.key) },
      ...(prekey === undefined ? {} : { prekey: { id: prekey.id, key: plain(prekey.key) } }),
    }
    const bundle = wire.verifySignalBundle(crypto, offered, offered.identityKey)
    session = wire.initiateSignalSession(crypto, { identity, registrationId: 77, bundle })
  }

  async function encrypt(plaintext: Uint8Array): Promise<Letter> {
    if (session === undefined) throw new Error('no session')
    const sent = wire.encryptSignal(crypto, session, plaintext)
    keep(sent.session)
    return { kind: sent.kind, bytes: sent.message }
  }

  async function decrypt({ kind, bytes }: Letter): Promise<Uint8Array> {
    if (session === undefined) return accept(bytes)
    const open = kind === 'prekey' ? wire.decryptSignalPrekey : wire.decryptSignal
    const opened = open(crypto, session, bytes)
    keep(opened.session)
    return opened.plaintext
  }

  function accept(message: Uint8Array): Uint8Array {
    peerIdentity ??= wire.decodePrekeyMessage(message).identityKey
    const accepted = wire.acceptSignalSession(crypto, {
      identity,
      message,
      peer: peerIdentity,
      prekeys: {
        signedPrekey: (id) => (id === signed.id ? signed : undefined),
        kyberPrekey: (id) => (id === kyber.id ? kyber : undefined),
        prekey: (id) => prekeys.get(id),
      },
    })
    if (accepted.used.prekeyId !== undefined) prekeys.delete(accepted.used.prekeyId)
    keep(accepted.session)
    return accepted.plaintext
  }

  return {
    name: 'hyphae',
    identityKey: () => typed(EC_TYPE, identity.publicKey),
    publish,
    initiate,
    encrypt,
    decrypt,
    epochs: () => session?.pqEpoch ?? 0,
    snapshot: () => {
      if (session === undefined) throw new Error('no session')
      return wire.encodeSignalSession(crypto, session)
    },
    safetyNumber: (mine, theirs, peerKey) =>
      wire.safetyNumber(
        crypto,
        { identifier: mine, identityKey: identity.publicKey },
        { identifier: theirs, identityKey: plain(peerKey) },
      ),
  }
}
