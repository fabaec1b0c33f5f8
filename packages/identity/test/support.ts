/** What several tests share: seeded accounts, devices and records, and the code of a thrown error. */
import { HyphaeError } from '@hyphae/core'
import { type CryptoProvider, createNobleCrypto, unsafeSeededRng } from '@hyphae/crypto'
import {
  type AccountKeys,
  certifyDevice,
  createAccount,
  createDeviceKeys,
  type DeviceKeySet,
  type IdentityRecord,
  type IdentityStatement,
  signIdentityRecord,
} from '../src/index.js'

export const NOW = 1_700_000_000_000

/** The same keys in every run. The tests verify with the platform's provider, which shares the keys and is faster. */
export function seededCrypto(seed: number): CryptoProvider {
  return createNobleCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(seed)) })
}

export interface Party {
  readonly account: AccountKeys
  readonly device: DeviceKeySet
}

export function party(crypto: CryptoProvider): Party {
  return { account: createAccount(crypto), device: createDeviceKeys(crypto) }
}

/** A record of one device, with what `changes` says different. */
export function recordOf(
  crypto: CryptoProvider,
  { account, device }: Party,
  changes: Partial<IdentityStatement> = {},
): IdentityRecord {
  return signIdentityRecord(crypto, account, {
    sequence: 1,
    issuedAt: NOW,
    devices: [certifyDevice(crypto, account, device, { now: NOW })],
    relays: ['wss://relay.example'],
    handles: ['alice@example.com'],
    bindings: [],
    ...changes,
  })
}

/** The code of the Hyphae error that `work` throws; any other exception is passed on, and fails the test. */
export function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof HyphaeError) return error.code
    throw error
  }
  return 'no error'
}

/** A copy with one bit inverted. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice()
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
  return copy
}
