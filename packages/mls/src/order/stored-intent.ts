/** What this member wants, as bytes: a row for each intent (spec/ordering.md section 9). */
import { concatBytes } from '@hyphae/core'
import { decodeRoles, encodeRoles, type Roles } from '../roles/roles.js'
import { bytes, type Codec, count, decodeAll, flag, hex, nullable, oneOf, record } from './fields.js'
import type { Intent, PendingIntent } from './intent.js'
import { TAG_BYTES } from './limits.js'

const roles: Codec<Roles> = {
  write: (value) => bytes.write(encodeRoles(value)),
  read: (from) => decodeRoles(bytes.read(from), 'mls/bad-snapshot'),
}

const INTENTS: { readonly [K in Intent['kind']]: Codec<Omit<Extract<Intent, { kind: K }>, 'kind'>> } = {
  add: record({ keyPackage: bytes }),
  remove: record({ signatureKey: bytes }),
  update: record({}),
  roles: record({ roles }),
  leave: record({}),
  'commit-leaves': record({}),
  readd: record({ signatureKey: bytes, keyPackage: bytes }),
}
const intentKind = oneOf('add', 'remove', 'update', 'roles', 'leave', 'commit-leaves', 'readd')

const intent: Codec<Intent> = {
  write: ({ kind, ...fields }) =>
    concatBytes(intentKind.write(kind), (INTENTS[kind] as Codec<object>).write(fields)),
  read: (from) => {
    const kind = intentKind.read(from)
    return { kind, ...INTENTS[kind].read(from) } as Intent
  },
}

const pending: Codec<PendingIntent> = record({
  id: count,
  intent,
  due: nullable(count),
  base: count,
  carrier: nullable(hex(TAG_BYTES)),
  settled: flag,
})
export const encodeIntent = (value: PendingIntent): Uint8Array => pending.write(value)
export const decodeIntent = (row: Uint8Array): PendingIntent => decodeAll(pending, row)
