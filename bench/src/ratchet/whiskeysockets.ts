// libsignal of WhiskeySockets. Records stay objects in its store.
import { createRequire } from 'node:module'
import type * as Libsignal from 'libsignal'
import type * as Curve from 'libsignal/src/curve.js'
import { type Contender, type Party, settle } from './contender.ts'

const require = createRequire(import.meta.url)
const { ProtocolAddress, SessionBuilder, SessionCipher } = require('libsignal') as typeof Libsignal
const curve = require('libsignal/src/curve.js') as typeof Curve

interface KeyPair {
  readonly privKey: Buffer
  readonly pubKey: Buffer
}

interface Letter {
  readonly type: number
  readonly body: Uint8Array
}

/** Type of a message that carries the handshake. */
const PREKEY_MESSAGE = 3

function keyPair(): KeyPair {
  const { privKey, pubKey } = curve.generateKeyPair()
  return { privKey: Buffer.from(privKey), pubKey: Buffer.from(pubKey) }
}

interface Device {
  readonly address: Libsignal.ProtocolAddress
  readonly identity: KeyPair
  readonly signed: KeyPair
  readonly prekeys: Map<number, KeyPair>
}

function device(name: string): Device {
  return { address: new ProtocolAddress(name, 1), identity: keyPair(), signed: keyPair(), prekeys: new Map() }
}

function storage(owner: Device): Libsignal.SignalStorage {
  const sessions = new Map<string, Libsignal.SessionRecord>()
  return {
    loadSession: async (id) => sessions.get(id),
    storeSession: async (id, session) => void sessions.set(id, session),
    isTrustedIdentity: () => true,
    loadPreKey: async (id) => owner.prekeys.get(Number(id)),
    removePreKey: (id) => void owner.prekeys.delete(id),
    loadSignedPreKey: () => owner.signed,
    getOurRegistrationId: () => 1,
    getOurIdentity: () => owner.identity,
  }
}

type Bundle = Parameters<Libsignal.SessionBuilder['initOutgoing']>[0]

function bundle(owner: Device, keyId: number, signature: Uint8Array): Bundle {
  const once = keyPair()
  owner.prekeys.set(keyId, once)
  return {
    registrationId: 1,
    identityKey: owner.identity.pubKey,
    signedPreKey: { keyId: 1, publicKey: owner.signed.pubKey, signature },
    preKey: { keyId, publicKey: once.pubKey },
  }
}

function sign(owner: Device): Uint8Array {
  return curve.calculateSignature(owner.identity.privKey, owner.signed.pubKey)
}

function party(store: Libsignal.SignalStorage, peer: Device): Party<Uint8Array, Letter> {
  const cipher = new SessionCipher(store, peer.address)
  return {
    async encrypt(body) {
      const { type, body: sealed } = await cipher.encrypt(body)
      return { type, body: typeof sealed === 'string' ? Buffer.from(sealed, 'binary') : sealed }
    },
    decrypt: ({ type, body }) =>
      type === PREKEY_MESSAGE ? cipher.decryptPreKeyWhisperMessage(body) : cipher.decryptWhisperMessage(body),
  }
}

export function whiskeysockets(): Contender<Uint8Array, Letter> {
  return {
    name: 'libsignal (WhiskeySockets)',
    pace: 'async',
    body: (bytes) => Buffer.from(bytes),
    bytes: (body) => body,
    async pair() {
      const [alice, bob] = [device('alice'), device('bob')]
      const store = storage(alice)
      await new SessionBuilder(store, bob.address).initOutgoing(bundle(bob, 1, sign(bob)))
      const parties = [party(store, bob), party(storage(bob), alice)] as const
      await settle(parties, Buffer.alloc(64))
      return parties
    },
    async setups(n, body) {
      // Jobs queue by address, so every session has its own.
      const bob = device('bob')
      const signature = sign(bob)
      const bundles = Array.from({ length: n }, (_, i) => bundle(bob, i + 1, signature))
      const alice = device('alice')
      return bundles.map((offered) => async () => {
        const store = storage(alice)
        await new SessionBuilder(store, bob.address).initOutgoing(offered)
        const letter = await party(store, bob).encrypt(body)
        return party(storage(bob), alice).decrypt(letter)
      })
    },
  }
}
