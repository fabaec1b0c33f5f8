/**
 * A capability: the owner of a box lets somebody put into it. spec/relay.md section 3.2.
 *
 * Signed by the key that the terms of the box name. It names no sender; whoever holds it may use it.
 */
import { concatBytes, utf8 } from '@hyphae/core'
import {
  malformed,
  readBytes,
  readU32,
  readU64,
  wireReader,
  wireWriter,
  writeBytes,
  writeU32,
  writeU64,
} from './bytes.js'
import { SIGNATURE_BYTES } from './operation.js'
import type { Ticket } from './ticket.js'

const LABEL = utf8('hyphae relay capability v1')
const SPEND_LABEL = utf8('hyphae relay spend v1')

export const SERIAL_BYTES = 16
export const CAPABILITY_BYTES: number = 8 + 4 + SERIAL_BYTES + SIGNATURE_BYTES

export interface CapabilityGrant {
  /** Epoch milliseconds; it is refused afterwards. */
  readonly expires: number
  /** Frames it is good for; 0: any number. */
  readonly uses: number
  /** 16 random bytes: tells counted capabilities apart. */
  readonly serial: Uint8Array
}

export interface Capability extends CapabilityGrant {
  readonly signature: Uint8Array
}

function grantBytes({ expires, uses, serial }: CapabilityGrant): Uint8Array {
  const writer = wireWriter(12 + SERIAL_BYTES)
  writeU64(writer, expires)
  writeU32(writer, uses)
  writeBytes(writer, serial)
  return writer.bytes
}

/** What the capability key signs. */
export function capabilityStatement(box: Uint8Array, grant: CapabilityGrant): Uint8Array {
  return concatBytes(LABEL, box, grantBytes(grant))
}

/** What a counted capability is counted under, once hashed. */
export function capabilitySpend(box: Uint8Array, key: Uint8Array, serial: Uint8Array): Uint8Array {
  return concatBytes(SPEND_LABEL, box, key, serial)
}

/** `sign` signs with the capability key. */
export function capabilityTicket(
  box: Uint8Array,
  grant: CapabilityGrant,
  sign: (message: Uint8Array) => Uint8Array,
): Ticket {
  const signature = sign(capabilityStatement(box, grant))
  return { kind: 'capability', bytes: concatBytes(grantBytes(grant), signature) }
}

/** @throws RelayCarrierError `relay-carrier/malformed` */
export function readCapability(bytes: Uint8Array): Capability {
  if (bytes.length !== CAPABILITY_BYTES) throw malformed('bad-length', { length: bytes.length })
  const reader = wireReader(bytes)
  return {
    expires: readU64(reader),
    uses: readU32(reader),
    serial: readBytes(reader, SERIAL_BYTES),
    signature: readBytes(reader, SIGNATURE_BYTES),
  }
}
