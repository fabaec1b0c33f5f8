/**
 * The MLS credential of a device: its certificate and the mailbox where it reads this group's frames.
 *
 * The box is fresh for every KeyPackage, so that a relay cannot tell that two boxes belong to one member.
 */
import {
  type AccountId,
  type BoxId,
  boxId,
  type DeviceId,
  deviceId,
  equalBytes,
  isHyphaeError,
} from '@hyphae/core'
import {
  accountId,
  decodeDeviceCertificate,
  type UnverifiedDeviceCertificate,
  verifyDeviceCertificate,
} from '@hyphae/identity'
import {
  createKeyPackage,
  type GroupState,
  type Member,
  type MlsContext,
  type MlsIdentity,
  members,
  readKeyPackage,
} from '@hyphae/mls'
import { encodeRecords, readRecords } from '@hyphae/tlv'
import { boxKeyAt, boxOfSeed, homeOf } from './boxes.js'
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
  /** Ed25519, by which it signs in groups. */
  readonly signatureKey: Uint8Array
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
    const certificate = verifyDeviceCertificate(context.crypto, decodeCredential(credential).certificate)
    return deviceId(certificate.signing) === device && equalBytes(certificate.mls, signatureKey)
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
        const { certificate } = decodeCredential(credential)
        return equalBytes(verifyDeviceCertificate(context.crypto, certificate).mls, signatureKey)
      } catch {
        return false
      }
    },
    accountOf: (credential) => {
      try {
        return decodeCredential(credential).certificate.account
      } catch {
        return null
      }
    },
  }
}

/** A member of a group, whose credential was judged when it came in. */
export function groupMember(member: Member): GroupMember {
  const { certificate, box } = decodeCredential(member.credential)
  return {
    account: accountId(certificate.account),
    device: deviceId(certificate.signing),
    box,
    leaf: member.leaf,
    signatureKey: member.signatureKey,
  }
}

const read = new WeakMap<GroupState, readonly GroupMember[]>()

/** The members of a state, read once: a state never changes. */
export function groupMembers(state: GroupState): readonly GroupMember[] {
  const found = read.get(state) ?? members(state).map(groupMember)
  read.set(state, found)
  return found
}

/** Its form alone. @throws MessengerError `messenger/bad-body`; IdentityError; TlvError */
function decodeCredential(bytes: Uint8Array): {
  readonly certificate: UnverifiedDeviceCertificate
  readonly box: BoxId
} {
  const [certificate, box, ...rest] = readRecords(bytes)
  if (certificate?.type !== CERTIFICATE || box?.type !== BOX || rest.length > 0) {
    throw new MessengerError('messenger/bad-body', { details: { in: 'credential' } })
  }
  return { certificate: decodeDeviceCertificate(certificate.value), box: boxId(box.value.slice()) }
}
