// What the exchange needs of a party, whichever library is behind it. Bytes in, bytes out.

export type Kind = 'prekey' | 'message'

export interface Letter {
  readonly kind: Kind
  readonly bytes: Uint8Array
}

/** Public values of a bundle; EC keys 33 bytes, Kyber key 1,569, as on the wire. */
export interface WireBundle {
  readonly registrationId: number
  readonly deviceId: number
  readonly identityKey: Uint8Array
  readonly signedPrekey: { id: number; key: Uint8Array; signature: Uint8Array }
  readonly kyberPrekey: { id: number; key: Uint8Array; signature: Uint8Array }
  readonly prekey?: { id: number; key: Uint8Array }
}

export interface Party {
  readonly name: string
  /** 33 bytes. */
  identityKey(): Uint8Array
  publish(withPrekey: boolean): Promise<WireBundle>
  initiate(bundle: WireBundle): Promise<void>
  encrypt(plaintext: Uint8Array): Promise<Letter>
  /** Rejects when the letter does not open. */
  decrypt(letter: Letter): Promise<Uint8Array>
  /** 60 digits. */
  safetyNumber(own: Uint8Array, peer: Uint8Array, peerKey: Uint8Array): string
}
