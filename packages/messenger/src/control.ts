/** Contents that nodes exchange among themselves; no app sees them. */
import { type ContentType, defineContent } from '@hyphae/content'
import { GROUP_ID_BYTES } from '@hyphae/core'
import { isAcceptableEd25519Key } from '@hyphae/crypto'
import { MAX_STOCK_ITEM_BYTES } from '@hyphae/tlv'
import * as v from 'valibot'
import { MAX_GROUP_MEMBERS } from './limits.js'

/** Group names: 100 characters (seed 5). */
export const MAX_GROUP_NAME_CHARACTERS = 100
const HASH_BYTES = 32

const bytes: v.GenericSchema<Uint8Array> = v.instance(Uint8Array)

export interface GroupWelcomeBody {
  readonly group: Uint8Array
  readonly name: string
  /** SHA-256 of each KeyPackage that the Welcome is for. */
  readonly keyPackages: readonly Uint8Array[]
  readonly welcome: Uint8Array
}

const welcomeSchema: v.GenericSchema<unknown, GroupWelcomeBody> = v.strictObject({
  group: v.pipe(
    bytes,
    v.check((value) => value.length === GROUP_ID_BYTES),
  ),
  name: v.pipe(v.string(), v.maxLength(MAX_GROUP_NAME_CHARACTERS)),
  keyPackages: v.pipe(
    v.array(
      v.pipe(
        bytes,
        v.check((value) => value.length === HASH_BYTES),
      ),
    ),
    v.minLength(1),
    v.maxLength(MAX_GROUP_MEMBERS),
  ),
  welcome: bytes,
})

export const groupWelcomeContent: ContentType<'hyphae/group-welcome', GroupWelcomeBody> = defineContent({
  type: 'hyphae/group-welcome',
  schema: welcomeSchema,
})

export interface GroupBoxBody {
  /** Public key of the box that the sender is written to from now on. */
  readonly box: Uint8Array
  /** Greater than in any announcement of the same member before. */
  readonly number: number
}

/** A member tells the group it is sent in where it is written to from now on. */
export const groupBoxContent: ContentType<'hyphae/group-box', GroupBoxBody> = defineContent({
  type: 'hyphae/group-box',
  schema: v.strictObject({
    box: v.pipe(
      bytes,
      v.check((value) => isAcceptableEd25519Key(value)),
    ),
    number: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  }) as v.GenericSchema<unknown, GroupBoxBody>,
})

export interface KeyPackageBody {
  /** For the one it is sent to, and nobody else; empty when there is none in it. */
  readonly keyPackage: Uint8Array
  /** The sender would like to have one of the recipient. */
  readonly wanted: boolean
}

/** KeyPackages given within a session, so that nobody is asked for them by name (spec/messenger.md section 5). */
export const keyPackageContent: ContentType<'hyphae/key-package', KeyPackageBody> = defineContent({
  type: 'hyphae/key-package',
  schema: v.strictObject({
    keyPackage: v.pipe(
      bytes,
      v.check((value) => value.length <= MAX_STOCK_ITEM_BYTES),
    ),
    wanted: v.boolean(),
  }) as v.GenericSchema<unknown, KeyPackageBody>,
})

export const CONTROL_TYPES: readonly ContentType[] = [
  keyPackageContent as unknown as ContentType,
  groupWelcomeContent as unknown as ContentType,
  groupBoxContent as unknown as ContentType,
]
