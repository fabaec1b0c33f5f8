/**
 * Who may do what in a group, as data and as bytes (spec/group.md section 11). The bytes stand in an extension
 * of the GroupContext, so that all members sign and confirm the same roles. Knows no tree and no commit.
 *
 *   roles = version u8 = 1 ‖ invite rule u8 ‖ external join rule u8 ‖ creator ‖ count u8 ‖ count × (right u8 ‖ account)
 *   account = length u8 ‖ bytes; admins ascending by account, none twice
 */
import { compareBytes } from '@hyphae/core'
import { MlsError, type MlsErrorCode } from '../errors.js'
import { MAX_ACCOUNT_BYTES, MAX_ADMINS } from '../limits.js'

/** `full`: anything. `members`: add and remove who is no admin. `rotation`: commit pending updates of others. */
export type Right = 'full' | 'members' | 'rotation'
/** Who may invite a new account: those with a right to, or every member. */
export type InviteRule = 'admins' | 'members'
/** Who may come in by external commit: nobody, a member's device in its own place, a member's devices, anyone. */
export type ExternalJoinRule = 'nobody' | 'resync' | 'devices' | 'anyone'

export interface Admin {
  /** As the context's `accountOf` names it. */
  readonly account: Uint8Array
  readonly right: Right
}

export interface Roles {
  /** Who made the group: kept for the record, gives no right by itself and never changes. */
  readonly creator: Uint8Array
  /** One to four, at least one of them `full`. */
  readonly admins: readonly Admin[]
  readonly inviteRule: InviteRule
  readonly externalJoinRule: ExternalJoinRule
}

const VERSION = 1
const RIGHTS: readonly Right[] = ['full', 'members', 'rotation']
const INVITE_RULES: readonly InviteRule[] = ['admins', 'members']
const EXTERNAL_JOIN_RULES: readonly ExternalJoinRule[] = ['nobody', 'resync', 'devices', 'anyone']

function validAccount(account: Uint8Array): boolean {
  return account.length > 0 && account.length <= MAX_ACCOUNT_BYTES
}

function sorted(admins: readonly Admin[]): Admin[] {
  return [...admins].sort((a, b) => compareBytes(a.account, b.account))
}

/** @throws MlsError `code` for admins that are none, too many, repeated or without a full one among them */
function assertRoles(roles: Roles, code: MlsErrorCode): void {
  const { admins, creator } = roles
  const fits =
    admins.length > 0 &&
    admins.length <= MAX_ADMINS &&
    validAccount(creator) &&
    admins.every(({ account }) => validAccount(account)) &&
    admins.some(({ right }) => right === 'full') &&
    admins.every(({ account }, i) => compareBytes(admins[i - 1]?.account ?? new Uint8Array(), account) < 0)
  if (!fits) throw new MlsError(code, { details: { admins: admins.length, limit: MAX_ADMINS } })
}

/** @throws MlsError `mls/bad-argument` */
export function encodeRoles(roles: Roles): Uint8Array {
  const admins = sorted(roles.admins)
  assertRoles({ ...roles, admins }, 'mls/bad-argument')
  const rules = [INVITE_RULES.indexOf(roles.inviteRule), EXTERNAL_JOIN_RULES.indexOf(roles.externalJoinRule)]
  const bytes = [VERSION, ...rules, roles.creator.length, ...roles.creator, admins.length]
  for (const { right, account } of admins) bytes.push(RIGHTS.indexOf(right), account.length, ...account)
  if (bytes.includes(-1)) throw new MlsError('mls/bad-argument')
  return Uint8Array.from(bytes)
}

interface Cursor {
  readonly bytes: Uint8Array
  readonly code: MlsErrorCode
  at: number
}

function readByte(cursor: Cursor): number {
  const value = cursor.bytes[cursor.at++]
  if (value === undefined) throw new MlsError(cursor.code)
  return value
}

function readOne<T>(cursor: Cursor, of: readonly T[]): T {
  const value = of[readByte(cursor)]
  if (value === undefined) throw new MlsError(cursor.code)
  return value
}

function readAccount(cursor: Cursor): Uint8Array {
  const length = readByte(cursor)
  const account = cursor.bytes.slice(cursor.at, cursor.at + length)
  cursor.at += length
  if (account.length !== length) throw new MlsError(cursor.code)
  return account
}

/** One canonical encoding and nothing else. @throws MlsError `code` */
export function decodeRoles(bytes: Uint8Array, code: MlsErrorCode): Roles {
  const cursor = { bytes, code, at: 0 }
  if (readByte(cursor) !== VERSION) throw new MlsError(code)
  const inviteRule = readOne(cursor, INVITE_RULES)
  const externalJoinRule = readOne(cursor, EXTERNAL_JOIN_RULES)
  const creator = readAccount(cursor)
  const count = readByte(cursor)
  if (count > MAX_ADMINS) throw new MlsError(code)
  const admins: Admin[] = []
  for (let i = 0; i < count; i++) {
    const right = readOne(cursor, RIGHTS)
    admins.push({ right, account: readAccount(cursor) })
  }
  if (cursor.at !== bytes.length) throw new MlsError(code)
  const roles = { creator, admins, inviteRule, externalJoinRule }
  assertRoles(roles, code)
  return roles
}
