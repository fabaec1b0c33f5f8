// The peer: @signalapp/libsignal-client with stores in memory.
import * as signal from '@signalapp/libsignal-client'
import type { Kind, Letter, Party, WireBundle } from './party.js'

type Bytes = Uint8Array<ArrayBuffer>
const own = (bytes: Uint8Array): Bytes => Uint8Array.from(bytes)
const SAFETY_ITERATIONS = 5200
const SAFETY_VERSION = 2

class Sessions extends signal.SessionStore {
  readonly #records = new Map<string, Bytes>()
  override async saveSession(name: signal.ProtocolAddress, record: signal.SessionRecord): Promise<void> {
    this.#records.set(name.toString(), record.serialize())
  }
  override async getSession(name: signal.ProtocolAddress): Promise<signal.SessionRecord | null> {
    const bytes = this.#records.get(name.toString())
    return bytes === undefined ? null : signal.SessionRecord.deserialize(bytes)
  }
  override async getExistingSessions(): Promise<signal.SessionRecord[]> {
    return [...this.#records.values()].map((bytes) => signal.SessionRecord.deserialize(bytes))
  }
}

class Identities extends signal.IdentityKeyStore {
  readonly #key: signal.PrivateKey
  readonly #registrationId: number
  readonly #known = new Map<string, signal.PublicKey>()
  constructor(key: signal.PrivateKey, registrationId: number) {
    super()
    this.#key = key
    this.#registrationId = registrationId
  }
  override async getIdentityKey(): Promise<signal.PrivateKey> {
    return this.#key
  }
  override async getLocalRegistrationId(): Promise<number> {
    return this.#registrationId
  }
  override async saveIdentity(
    name: signal.ProtocolAddress,
    key: signal.PublicKey,
  ): Promise<signal.IdentityChange> {
    const old = this.#known.get(name.toString())
    this.#known.set(name.toString(), key)
    const same = old === undefined || old.equals(key)
    return same ? signal.IdentityChange.NewOrUnchanged : signal.IdentityChange.ReplacedExisting
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
  override async markKyberPreKeyUsed(): Promise<void> {}
}

export interface LibsignalOptions {
  /** Account names; UUIDs make libsignal put the addresses into its messages. */
  readonly name: string
  readonly peerName: string
}

export function libsignalParty({ name, peerName }: LibsignalOptions): Party {
  const key = signal.PrivateKey.generate()
  const registrationId = 4242
  const local = signal.ProtocolAddress.new(name, 1)
  const peer = signal.ProtocolAddress.new(peerName, 1)
  const sessions = new Sessions()
  const identities = new Identities(key, registrationId)
  const prekeys = new Prekeys()
  const signedPrekeys = new SignedPrekeys()
  const kyberPrekeys = new KyberPrekeys()
  let nextId = 1

  async function publish(withPrekey: boolean): Promise<WireBundle> {
    const id = nextId++
    const signed = signal.PrivateKey.generate()
    const signedKey = signed.getPublicKey()
    const signedSignature = key.sign(signedKey.serialize())
    const kyber = signal.KEMKeyPair.generate()
    const kyberKey = kyber.getPublicKey().serialize()
    const kyberSignature = key.sign(kyberKey)
    const now = Date.now()
    await signedPrekeys.saveSignedPreKey(
      id,
      signal.SignedPreKeyRecord.new(id, now, signedKey, signed, signedSignature),
    )
    await kyberPrekeys.saveKyberPreKey(id, signal.KyberPreKeyRecord.new(id, now, kyber, kyberSignature))
    const bundle = {
      registrationId,
      deviceId: 1,
      identityKey: key.getPublicKey().serialize(),
      signedPrekey: { id, key: signedKey.serialize(), signature: signedSignature },
      kyberPrekey: { id, key: kyberKey, signature: kyberSignature },
    }
    if (!withPrekey) return bundle
    const once = signal.PrivateKey.generate()
    await prekeys.savePreKey(id, signal.PreKeyRecord.new(id, once.getPublicKey(), once))
    return { ...bundle, prekey: { id, key: once.getPublicKey().serialize() } }
  }

  async function initiate(bundle: WireBundle): Promise<void> {
    const { signedPrekey, kyberPrekey, prekey } = bundle
    const offered = signal.PreKeyBundle.new(
      bundle.registrationId,
      bundle.deviceId,
      prekey?.id ?? null,
      prekey === undefined ? null : signal.PublicKey.deserialize(own(prekey.key)),
      signedPrekey.id,
      signal.PublicKey.deserialize(own(signedPrekey.key)),
      own(signedPrekey.signature),
      signal.PublicKey.deserialize(own(bundle.identityKey)),
      kyberPrekey.id,
      signal.KEMPublicKey.deserialize(own(kyberPrekey.key)),
      own(kyberPrekey.signature),
    )
    await signal.processPreKeyBundle(offered, peer, local, sessions, identities)
  }

  async function encrypt(plaintext: Uint8Array): Promise<Letter> {
    const message = await signal.signalEncrypt(own(plaintext), peer, local, sessions, identities)
    const kind: Kind = message.type() === signal.CiphertextMessageType.PreKey ? 'prekey' : 'message'
    return { kind, bytes: message.serialize() }
  }

  async function decrypt({ kind, bytes }: Letter): Promise<Uint8Array> {
    if (kind === 'message') {
      const message = signal.SignalMessage.deserialize(own(bytes))
      return signal.signalDecrypt(message, peer, local, sessions, identities)
    }
    const message = signal.PreKeySignalMessage.deserialize(own(bytes))
    const stores = [sessions, identities, prekeys, signedPrekeys, kyberPrekeys] as const
    return signal.signalDecryptPreKey(message, peer, local, ...stores)
  }

  return {
    name: 'libsignal',
    identityKey: () => key.getPublicKey().serialize(),
    publish,
    initiate,
    encrypt,
    decrypt,
    safetyNumber: (mine, theirs, peerKey) =>
      signal.Fingerprint.new(
        SAFETY_ITERATIONS,
        SAFETY_VERSION,
        own(mine),
        key.getPublicKey(),
        own(theirs),
        signal.PublicKey.deserialize(own(peerKey)),
      )
        .displayableFingerprint()
        .toString(),
  }
}
