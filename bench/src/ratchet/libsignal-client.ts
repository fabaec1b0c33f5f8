// @signalapp/libsignal-client. Its stores keep records as objects, as ours keeps states: nobody serializes.
import * as signal from '@signalapp/libsignal-client'
import { type Contender, type Party, settle } from './contender.ts'

type Bytes = Uint8Array<ArrayBuffer>

class Sessions extends signal.SessionStore {
  readonly #records = new Map<string, signal.SessionRecord>()
  override async saveSession(name: signal.ProtocolAddress, record: signal.SessionRecord): Promise<void> {
    this.#records.set(name.toString(), record)
  }
  override async getSession(name: signal.ProtocolAddress): Promise<signal.SessionRecord | null> {
    return this.#records.get(name.toString()) ?? null
  }
  override async getExistingSessions(): Promise<signal.SessionRecord[]> {
    return [...this.#records.values()]
  }
}

class Identities extends signal.IdentityKeyStore {
  readonly #known = new Map<string, signal.PublicKey>()
  readonly key: signal.PrivateKey = signal.PrivateKey.generate()
  override async getIdentityKey(): Promise<signal.PrivateKey> {
    return this.key
  }
  override async getLocalRegistrationId(): Promise<number> {
    return 1
  }
  override async saveIdentity(
    name: signal.ProtocolAddress,
    key: signal.PublicKey,
  ): Promise<signal.IdentityChange> {
    this.#known.set(name.toString(), key)
    return signal.IdentityChange.NewOrUnchanged
  }
  override async isTrustedIdentity(): Promise<boolean> {
    return true
  }
  override async getIdentity(name: signal.ProtocolAddress): Promise<signal.PublicKey | null> {
    return this.#known.get(name.toString()) ?? null
  }
}

function held<T>(map: ReadonlyMap<number, T>, id: number): T {
  const record = map.get(id)
  if (record === undefined) throw new Error(`no prekey ${id}`)
  return record
}

class Prekeys extends signal.PreKeyStore {
  readonly #records = new Map<number, signal.PreKeyRecord>()
  override async savePreKey(id: number, record: signal.PreKeyRecord): Promise<void> {
    this.#records.set(id, record)
  }
  override async getPreKey(id: number): Promise<signal.PreKeyRecord> {
    return held(this.#records, id)
  }
  override async removePreKey(id: number): Promise<void> {
    this.#records.delete(id)
  }
}

class SignedPrekeys extends signal.SignedPreKeyStore {
  readonly #records = new Map<number, signal.SignedPreKeyRecord>()
  override async saveSignedPreKey(id: number, record: signal.SignedPreKeyRecord): Promise<void> {
    this.#records.set(id, record)
  }
  override async getSignedPreKey(id: number): Promise<signal.SignedPreKeyRecord> {
    return held(this.#records, id)
  }
}

class KyberPrekeys extends signal.KyberPreKeyStore {
  readonly #records = new Map<number, signal.KyberPreKeyRecord>()
  override async saveKyberPreKey(id: number, record: signal.KyberPreKeyRecord): Promise<void> {
    this.#records.set(id, record)
  }
  override async getKyberPreKey(id: number): Promise<signal.KyberPreKeyRecord> {
    return held(this.#records, id)
  }
  override async markKyberPreKeyUsed(id: number): Promise<void> {
    this.#records.delete(id)
  }
}

/** Its address, keys and stores; a new session starts with empty session stores. */
interface Device {
  readonly address: signal.ProtocolAddress
  readonly identities: Identities
  readonly prekeys: Prekeys
  readonly signed: SignedPrekeys
  readonly kyber: KyberPrekeys
}

function device(name: string): Device {
  const address = signal.ProtocolAddress.new(name, 1)
  const identities = new Identities()
  return {
    address,
    identities,
    prekeys: new Prekeys(),
    signed: new SignedPrekeys(),
    kyber: new KyberPrekeys(),
  }
}

interface Letter {
  readonly first: boolean
  readonly bytes: Bytes
}

function party(own: Device, peer: signal.ProtocolAddress, sessions: Sessions): Party<Bytes, Letter> {
  const { address, identities, prekeys, signed, kyber } = own
  return {
    async encrypt(body) {
      const message = await signal.signalEncrypt(body, peer, address, sessions, identities)
      return { first: message.type() === signal.CiphertextMessageType.PreKey, bytes: message.serialize() }
    },
    async decrypt({ first, bytes }) {
      if (first) {
        const message = signal.PreKeySignalMessage.deserialize(bytes)
        return signal.signalDecryptPreKey(
          message,
          peer,
          address,
          sessions,
          identities,
          prekeys,
          signed,
          kyber,
        )
      }
      const message = signal.SignalMessage.deserialize(bytes)
      return signal.signalDecrypt(message, peer, address, sessions, identities)
    },
  }
}

type Signed = readonly [id: number, key: signal.PublicKey, signature: Bytes]

async function signedPrekey(owner: Device): Promise<Signed> {
  const secret = signal.PrivateKey.generate()
  const key = secret.getPublicKey()
  const signature = owner.identities.key.sign(key.serialize())
  await owner.signed.saveSignedPreKey(1, signal.SignedPreKeyRecord.new(1, 1, key, secret, signature))
  return [1, key, signature]
}

/** One bundle with an own one-time key of each kind, as ours has. */
async function bundle(owner: Device, id: number, signed: Signed): Promise<signal.PreKeyBundle> {
  const identity = owner.identities.key
  const secret = signal.PrivateKey.generate()
  await owner.prekeys.savePreKey(id, signal.PreKeyRecord.new(id, secret.getPublicKey(), secret))
  const kyber = signal.KEMKeyPair.generate()
  const signature = identity.sign(kyber.getPublicKey().serialize())
  await owner.kyber.saveKyberPreKey(id, signal.KyberPreKeyRecord.new(id, 1, kyber, signature))
  const once = [id, secret.getPublicKey()] as const
  const kem = [id, kyber.getPublicKey(), signature] as const
  return signal.PreKeyBundle.new(1, 1, ...once, ...signed, identity.getPublicKey(), ...kem)
}

function process(offered: signal.PreKeyBundle, own: Device, peer: Device, sessions: Sessions): Promise<void> {
  return signal.processPreKeyBundle(offered, peer.address, own.address, sessions, own.identities)
}

export function libsignalClient(): Contender<Bytes, Letter> {
  return {
    name: 'libsignal-client',
    pace: 'async',
    body: (bytes) => Uint8Array.from(bytes),
    bytes: (body) => body,
    async pair() {
      const [alice, bob, sessions] = [device('alice'), device('bob'), new Sessions()]
      await process(await bundle(bob, 1, await signedPrekey(bob)), alice, bob, sessions)
      const parties = [
        party(alice, bob.address, sessions),
        party(bob, alice.address, new Sessions()),
      ] as const
      await settle(parties, new Uint8Array(64))
      return parties
    },
    async setups(n, body) {
      const [alice, bob] = [device('alice'), device('bob')]
      const signed = await signedPrekey(bob)
      const bundles = await Promise.all(Array.from({ length: n }, (_, i) => bundle(bob, i + 1, signed)))
      return bundles.map((offered) => async () => {
        const sessions = new Sessions()
        await process(offered, alice, bob, sessions)
        const letter = await party(alice, bob.address, sessions).encrypt(body)
        return party(bob, alice.address, new Sessions()).decrypt(letter)
      })
    },
  }
}
