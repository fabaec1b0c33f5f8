// @privacyresearch/libsignal-protocol-typescript. Its records are strings, which its store keeps as they are.
import { createRequire } from 'node:module'
import type * as Libsignal from '@privacyresearch/libsignal-protocol-typescript'
import { type Contender, type Party, settle } from './contender.ts'

const require = createRequire(import.meta.url)
const { KeyHelper, SessionBuilder, SessionCipher, SignalProtocolAddress, setWebCrypto } =
  require('@privacyresearch/libsignal-protocol-typescript') as typeof Libsignal

type Pair = Libsignal.KeyPairType

interface Letter {
  readonly type: number
  readonly body: string
}

/** Type of a message that carries the handshake. */
const PREKEY_MESSAGE = 3

interface Device {
  readonly address: Libsignal.SignalProtocolAddress
  readonly identity: Pair
  readonly signed: Libsignal.SignedPreKeyPairType
  readonly prekeys: Map<string, Pair>
}

async function device(name: string): Promise<Device> {
  const identity = await KeyHelper.generateIdentityKeyPair()
  const signed = await KeyHelper.generateSignedPreKey(identity, 1)
  return { address: new SignalProtocolAddress(name, 1), identity, signed, prekeys: new Map() }
}

function storage(owner: Device): Libsignal.StorageType {
  const sessions = new Map<string, string>()
  return {
    getIdentityKeyPair: async () => owner.identity,
    getLocalRegistrationId: async () => 1,
    isTrustedIdentity: async () => true,
    saveIdentity: async () => false,
    loadPreKey: async (id) => owner.prekeys.get(String(id)),
    storePreKey: async (id, pair) => void owner.prekeys.set(String(id), pair),
    removePreKey: async (id) => void owner.prekeys.delete(String(id)),
    storeSession: async (id, record) => void sessions.set(id, record),
    loadSession: async (id) => sessions.get(id),
    loadSignedPreKey: async () => owner.signed.keyPair,
    storeSignedPreKey: async () => {},
    removeSignedPreKey: async () => {},
  }
}

async function bundle(owner: Device, keyId: number): Promise<Libsignal.DeviceType> {
  const { keyPair } = await KeyHelper.generatePreKey(keyId)
  owner.prekeys.set(String(keyId), keyPair)
  const { signed } = owner
  return {
    registrationId: 1,
    identityKey: owner.identity.pubKey,
    signedPreKey: { keyId: 1, publicKey: signed.keyPair.pubKey, signature: signed.signature },
    preKey: { keyId, publicKey: keyPair.pubKey },
  }
}

function party(store: Libsignal.StorageType, peer: Device): Party<ArrayBuffer, Letter> {
  const cipher = new SessionCipher(store, peer.address)
  return {
    async encrypt(body) {
      const { type, body: sealed } = await cipher.encrypt(body)
      return { type, body: sealed as string }
    },
    decrypt: ({ type, body }) =>
      type === PREKEY_MESSAGE
        ? cipher.decryptPreKeyWhisperMessage(body, 'binary')
        : cipher.decryptWhisperMessage(body, 'binary'),
  }
}

export function libsignalTypescript(): Contender<ArrayBuffer, Letter> {
  setWebCrypto(globalThis.crypto)
  return {
    name: 'libsignal-protocol-typescript',
    pace: 'async',
    body: (bytes) => Uint8Array.from(bytes).buffer,
    bytes: (body) => new Uint8Array(body),
    async pair() {
      const [alice, bob] = [await device('alice'), await device('bob')]
      const store = storage(alice)
      await new SessionBuilder(store, bob.address).processPreKey(await bundle(bob, 1))
      const parties = [party(store, bob), party(storage(bob), alice)] as const
      await settle(parties, new ArrayBuffer(64))
      return parties
    },
    async setups(n, body) {
      const [alice, bob] = [await device('alice'), await device('bob')]
      const bundles: Libsignal.DeviceType[] = []
      for (let i = 1; i <= n; i++) bundles.push(await bundle(bob, i))
      return bundles.map((offered) => async () => {
        const store = storage(alice)
        await new SessionBuilder(store, bob.address).processPreKey(offered)
        const letter = await party(store, bob).encrypt(body)
        return party(storage(bob), alice).decrypt(letter)
      })
    },
  }
}
