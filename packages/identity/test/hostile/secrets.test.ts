/** Hostile case 49: no secret, and nothing personal, in errors and printed objects. */
import { inspect } from 'node:util'
import { toHex, utf8 } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import {
  accountFromSeed,
  accountId,
  accountKey,
  certifyDevice,
  checkPin,
  decodeDeviceKeys,
  decodeIdentityRecord,
  encodeDeviceKeys,
  encodeIdentityRecord,
  handleFromId,
  handleId,
  safetyNumber,
  signIdentityRecord,
  verifyIdentityRecord,
} from '../../src/index.js'
import { NOW, party, recordOf } from '../support.js'

const seed = Uint8Array.from({ length: 32 }, (_, i) => 0xc0 + (i % 13))
const account = accountFromSeed(crypto, seed)
const { device } = party(crypto)
const snapshot = encodeDeviceKeys(crypto, device)
const deviceSecrets = Array.from({ length: 6 }, (_, i) => snapshot.slice(1 + 32 * i, 33 + 32 * i))
const handle = 'canary@example.com'

/** Every spelling a log could show bytes in; parts, because printers cut long things short. */
function spellings(secret: Uint8Array): string[] {
  const part = secret.subarray(0, 12)
  const hex = toHex(part)
  const base64 = btoa(String.fromCharCode(...part))
  return [
    hex,
    hex.toUpperCase(),
    [...part].join(','),
    [...part].join(', '),
    base64,
    hex.match(/../g)?.join(' ') ?? hex,
  ]
}

const print = (thing: unknown): string =>
  [
    inspect(thing, { depth: 9, showHidden: true, maxArrayLength: null }),
    JSON.stringify(thing),
    String(thing),
  ].join('\n')

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe('hostile 49: secrets', () => {
  it('are not in printed keys', () => {
    const shown = print({ account, device })
    for (const secret of [seed, ...deviceSecrets])
      for (const form of spellings(secret)) expect(shown).not.toContain(form)
    // The public halves are there, so the search above looks at the right objects.
    expect(shown).toContain(toHex(account.signing.publicKey))
  })

  it('and handles and keys are not in errors', () => {
    const other = party(crypto)
    const record = recordOf(crypto, { account, device }, { handles: [handle] })
    const key = account.signing.publicKey
    const errors = [
      () => accountFromSeed(crypto, seed.subarray(1)),
      () => decodeDeviceKeys(crypto, snapshot.subarray(1)),
      () => accountKey(accountId(key).toUpperCase()),
      () => accountId(seed.subarray(1)),
      () => handleId(`${handle}\u202e`),
      () => handleFromId(handleId(handle).with(31, 1)),
      () => certifyDevice(crypto, account, { ...device, mls: device.signing }, { now: NOW }),
      () => signIdentityRecord(crypto, account, { ...record, relays: [`canary relay`] }),
      () => signIdentityRecord(crypto, account, { ...record, handles: [handle, handle] }),
      () => decodeIdentityRecord(encodeIdentityRecord(record).subarray(1)),
      () =>
        verifyIdentityRecord(
          crypto,
          decodeIdentityRecord(encodeIdentityRecord(record)),
          other.account.signing.publicKey,
        ),
      () => checkPin(crypto, undefined, record, { now: NOW, handle: 'canary2@example.com' }),
      () => safetyNumber(crypto, key, seed.subarray(1)),
    ]
    const hidden = [seed, ...deviceSecrets, key, utf8(handle)].flatMap(spellings)
    for (const work of errors) {
      const shown = print(thrownBy(work))
      for (const form of [...hidden, 'canary', accountId(key).slice(7, 30)]) expect(shown).not.toContain(form)
    }
  })
})
