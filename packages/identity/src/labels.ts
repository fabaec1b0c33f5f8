/**
 * Every use of a key or hash has its own label (spec/identity.md section 2), so that bytes made for one purpose
 * mean nothing in another. Each ends in a zero byte and contains no other: none is the beginning of another.
 */
import { utf8 } from '@hyphae/core'

const label = (purpose: string): Uint8Array => utf8(`hyphae identity ${purpose} v1\0`)

export interface Labels {
  readonly certificate: Uint8Array
  readonly record: Uint8Array
  readonly recordHash: Uint8Array
  readonly directoryAddress: Uint8Array
  readonly directoryBody: Uint8Array
  readonly stockItem: Uint8Array
  readonly handle: Uint8Array
  readonly safetyNumber: Uint8Array
}

export const LABELS: Labels = {
  certificate: label('device certificate'),
  record: label('record'),
  recordHash: label('record hash'),
  directoryAddress: label('directory address'),
  directoryBody: label('directory body'),
  stockItem: label('stock item'),
  handle: label('handle'),
  safetyNumber: label('safety number'),
}
