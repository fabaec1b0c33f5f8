/**
 * The MLS credential of a device: its certificate and the mailbox where it reads this group's frames.
 *
 * The box is fresh for every KeyPackage, so that a relay cannot tell that two boxes belong to one member.
 */
import { type AccountId, type BoxId, boxId, type DeviceId, equalBytes, isHyphaeError } from '@hyphae/core'
import {
  accountId,
  type DeviceCertificate,
  decodeDeviceCertificate,
  verifyDeviceCertificate,
} from '@hyphae/identity'
import { createKeyPackage, type Member, type MlsContext, type MlsIdentity, readKeyPackage } from '@hyphae/mls'
import { encodeRecords, readRecords } from '@hyphae/tlv'
import { boxKeyAt, boxOfSeed, homeOf } from './boxes.js'
import { deviceOf } from './contacts.js'
import type { NodeContext } from './context.js'
import { MessengerError } from './errors.js'
import type { KeyPackageRow } from './rows.js'

const CERTIFICATE = 1
const BOX = 2
const SEED_BYTES = 32

export interface GroupMember {
  readonly account: AccountId
  readonly device: DeviceId
  readonly box: BoxId
  readonly leaf: number
}

/** A new credential of this device, and the seed of the box it names. */
export function createCredential(context: NodeContext): {
  readonly identity: MlsIdentity
  readonly boxSeed: Uint8Array
} {
  const boxSeed = newBoxSeed(context)
  const credential = encodeRecords([
    { type: CERTIFICATE, value: context.self.certificateBytes },
    { type: BOX, value: boxOfSeed(context.crypto, boxSeed) },
  ])
  return { identity: { signing: context.self.device.mls, credential }, boxSeed }
}

/** Where boxes are read by their buckets, at home like all others. */
function newBoxSeed({ crypto, mode, self }: NodeContext): Uint8Array {
  if (mode !== 'strict') return crypto.randomBytes(SEED_BYTES)
  return crypto.ed25519.exportSeed(boxKeyAt(crypto, homeOf(self.device.introBox.publicKey)))
}

/** A KeyPackage of this device with everything that joining by it needs. */
export async function makeKeyPackage(context: NodeContext, lastResort: boolean): Promise<KeyPackageRow> {
  const { identity, boxSeed } = createCredential(context)
  const { keyPackage, secret } = await createKeyPackage(mlsContext(context), identity)
  return { keyPackage, secret, boxSeed, lastResort }
}

/** True for a KeyPackage of this very device. Its signatures are checked when it is used. */
export function isKeyPackageOf(context: NodeContext, keyPackage: Uint8Array, device: DeviceId): boolean {
  try {
    const { credential, signatureKey } = readKeyPackage(keyPackage)
    const { certificate } = readCredential(context, credential)
    return deviceOf(certificate) === device && equalBytes(certificate.mls, signatureKey)
  } catch (error) {
    if (isHyphaeError(error)) return false
    throw error
  }
}

/** Decides for the group layer whether a credential is genuine: the account signed the device, the device signs. */
export function mlsContext(context: NodeContext): MlsContext {
  return {
    crypto: context.crypto,
    clock: context.clock,
    authenticate: (credential, signatureKey) => {
      try {
        return equalBytes(readCredential(context, credential).certificate.mls, signatureKey)
      } catch {
        return false
      }
    },
  }
}

export function groupMember(context: NodeContext, member: Member): GroupMember {
  const { certificate, box } = readCredential(context, member.credential)
  return { account: accountId(certificate.account), device: deviceOf(certificate), box, leaf: member.leaf }
}

function readCredential(
  context: NodeContext,
  bytes: Uint8Array,
): { certificate: DeviceCertificate; box: BoxId } {
  const [certificate, box, ...rest] = readRecords(bytes)
  if (certificate?.type !== CERTIFICATE || box?.type !== BOX || rest.length > 0) {
    throw new MessengerError('messenger/bad-body', { details: { in: 'credential' } })
  }
  return {
    certificate: verifyDeviceCertificate(context.crypto, decodeDeviceCertificate(certificate.value)),
    box: boxId(box.value.slice()),
  }
}
