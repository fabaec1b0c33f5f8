/** Who this node is: loaded from the store, or made and kept there at the first start. */
import { type Clock, deviceId, equalBytes, type Store } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import {
  type AccountKeys,
  accountFromSeed,
  accountId,
  certifyDevice,
  createAccount,
  createDeviceKeys,
  decodeDeviceCertificate,
  decodeDeviceKeys,
  encodeDeviceCertificate,
  encodeDeviceKeys,
  verifyDeviceCertificate,
} from '@hyphae/identity'
import type { Self } from './context.js'
import { MessengerError } from './errors.js'
import { boxesTable, type SelfRow, selfTable } from './rows.js'

export interface OpenSelf {
  readonly crypto: CryptoProvider
  readonly clock: Clock
  readonly store: Store
  /** The account to use at the first start; a new one when left out. */
  readonly account?: AccountKeys
  readonly handles: readonly string[]
}

/** @throws MessengerError `messenger/account-mismatch` when the store belongs to another account */
export async function openSelf(options: OpenSelf): Promise<Self> {
  const row = await options.store.transact(async (tx) => {
    const known = await selfTable.get(tx)
    if (known !== undefined) return known
    const made = makeSelf(options)
    selfTable.put(tx, made)
    const device = decodeDeviceKeys(options.crypto, made.deviceKeys)
    const seed = options.crypto.ed25519.exportSeed(device.introBox)
    boxesTable.put(tx, { kind: 'intro', seed, replacedAt: 0 }, device.introBox.publicKey)
    return made
  })
  return readSelf(options, row)
}

function makeSelf(options: OpenSelf): SelfRow {
  const { crypto, clock } = options
  const account = options.account ?? createAccount(crypto)
  const device = createDeviceKeys(crypto)
  const certificate = certifyDevice(crypto, account, device, { now: clock.now() })
  return {
    accountSeed: crypto.ed25519.exportSeed(account.signing),
    deviceKeys: encodeDeviceKeys(crypto, device),
    certificate: encodeDeviceCertificate(certificate),
    published: false,
    introSince: clock.now(),
    restock: 'nothing',
  }
}

/** @throws MessengerError `messenger/account-mismatch` */
export function readSelf(
  { crypto, account: expected, handles }: Pick<OpenSelf, 'crypto' | 'account' | 'handles'>,
  row: SelfRow,
): Self {
  const account = accountFromSeed(crypto, row.accountSeed)
  if (expected !== undefined && !equalBytes(expected.signing.publicKey, account.signing.publicKey)) {
    throw new MessengerError('messenger/account-mismatch')
  }
  const device = decodeDeviceKeys(crypto, row.deviceKeys)
  const certificate = verifyDeviceCertificate(
    crypto,
    decodeDeviceCertificate(row.certificate),
    account.signing.publicKey,
  )
  return {
    account,
    accountId: accountId(account.signing.publicKey),
    device,
    deviceId: deviceId(device.signing.publicKey),
    certificate,
    certificateBytes: row.certificate,
    handles,
  }
}
