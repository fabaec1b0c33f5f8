/** The rules an identity record keeps, whoever made it. spec/identity.md section 6, rules R1 to R7. */
import { equalBytes } from '@hyphae/core'
import type { Binding } from './binding.js'
import { certificateKeys, type DeviceCertificateFields } from './certificate.js'
import { IdentityError } from './errors.js'
import { normalizeHandle } from './handle.js'
import {
  MAX_BINDING_KIND_BYTES,
  MAX_BINDING_VALUE_BYTES,
  MAX_BINDINGS,
  MAX_BUNDLE_BYTES,
  MAX_DEVICES,
  MAX_HANDLES,
  MAX_RELAY_BYTES,
  MAX_RELAYS,
} from './limits.js'
import { assertDistinct } from './signed.js'

interface Checked {
  readonly account: Uint8Array
  readonly sequence: number
  readonly issuedAt: number
  readonly devices: readonly DeviceCertificateFields[]
  readonly relays: readonly string[]
  readonly handles: readonly string[]
  readonly bindings: readonly Binding[]
  readonly bundles: readonly Uint8Array[]
}

/** Visible ASCII: what a URL, an address or a key is written in. Nothing that could steer a terminal. */
const VISIBLE = /^[\x21-\x7e]+$/
const KIND = /^[a-z][a-z0-9-]*$/

/**
 * @throws IdentityError `identity/too-large`, `identity/bad-record`, `identity/bad-handle`,
 *   `identity/wrong-account`, `identity/duplicate-key`
 */
export function assertRecordRules(record: Checked): void {
  assertCount('devices', record.devices.length, MAX_DEVICES)
  assertCount('relays', record.relays.length, MAX_RELAYS)
  assertCount('handles', record.handles.length, MAX_HANDLES)
  assertCount('bindings', record.bindings.length, MAX_BINDINGS)
  assertCount('bundles', record.bundles.length, MAX_DEVICES)
  assertNumber('sequence', record.sequence, 1)
  assertNumber('issuedAt', record.issuedAt, 0)
  assertDevices(record)
  assertTexts('relays', record.relays, (relay) => VISIBLE.test(relay) && relay.length <= MAX_RELAY_BYTES)
  assertTexts('handles', record.handles, (handle) => normalizeHandle(handle) === handle)
  for (const bundle of record.bundles) assertBundle(bundle)
  const names = record.bindings.map((binding) => `${binding.kind} ${binding.value}`)
  assertTexts('bindings', names, (_, index) => isBinding(record.bindings[index]))
}

/** R2: every certificate is the account's own, and no key serves two devices. */
function assertDevices({ account, devices }: Checked): void {
  if (!devices.every((device) => equalBytes(device.account, account)))
    throw new IdentityError('identity/wrong-account')
  assertDistinct([account, ...devices.flatMap((device) => certificateKeys(device).slice(1))])
}

function assertCount(field: string, count: number, limit: number): void {
  if (count > limit) throw new IdentityError('identity/too-large', { details: { field, count, limit } })
}

function assertNumber(field: string, value: number, min: number): void {
  if (!Number.isSafeInteger(value) || value < min)
    throw new IdentityError('identity/bad-record', { details: { field } })
}

/** R7: what it holds is not looked at here. */
function assertBundle({ length }: Uint8Array): void {
  if (length < 1) throw new IdentityError('identity/bad-record', { details: { field: 'bundles' } })
  if (length > MAX_BUNDLE_BYTES)
    throw new IdentityError('identity/too-large', {
      details: { field: 'bundles', size: length, limit: MAX_BUNDLE_BYTES },
    })
}

function assertTexts(
  field: string,
  texts: readonly string[],
  isGood: (text: string, index: number) => boolean,
): void {
  if (new Set(texts).size !== texts.length || !texts.every(isGood))
    throw new IdentityError('identity/bad-record', { details: { field } })
}

function isBinding(binding: Binding | undefined): boolean {
  if (!binding) return false
  const { kind, value } = binding
  if (kind.length > MAX_BINDING_KIND_BYTES || value.length > MAX_BINDING_VALUE_BYTES) return false
  return KIND.test(kind) && VISIBLE.test(value)
}
