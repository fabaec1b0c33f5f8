/**
 * The extensions of a GroupContext (RFC 9420 sections 7.2, 8.1 and 11.1): a group of equals has none of its own,
 * one with roles exactly the two that carry them. A group begins with roles or never has them, so nobody can
 * seize a group of equals and nobody can turn one with roles into one.
 */
import { toHex } from '@hyphae/core'
import type { Capabilities, Extension } from 'ts-mls'
import { extensionsEqual, extensionTypeToNumber } from 'ts-mls/extension.js'
import {
  decodeRequiredCapabilities,
  encodeRequiredCapabilities,
  type RequiredCapabilities,
  requiredCapabilitiesEncoder,
} from 'ts-mls/requiredCapabilities.js'
import { decodeExact } from '../codec.js'
import type { MlsContext } from '../context.js'
import { MlsError, type MlsErrorCode } from '../errors.js'
import { MAX_EXTENSION_BYTES } from '../limits.js'
import { type GroupState, unwrapState } from '../state.js'
import type { RoleRules } from './judge.js'
import { decodeRoles, encodeRoles, type Roles } from './roles.js'

/** In the private range of RFC 9420 section 17.3. */
export const ROLES_EXTENSION = 0xf0a1

/** What the GroupContext of a group with these roles carries; the only form that is accepted. */
export function rolesExtensions(roles: Roles): Extension[] {
  const required = {
    extensionTypes: [ROLES_EXTENSION],
    proposalTypes: [],
    credentialTypes: ['basic' as const],
  }
  return [
    { extensionType: 'required_capabilities', extensionData: encodeRequiredCapabilities(required) },
    { extensionType: ROLES_EXTENSION, extensionData: encodeRoles(roles) },
  ]
}

function requiredOf(extensions: readonly Extension[], code: MlsErrorCode): RequiredCapabilities[] {
  return extensions
    .filter(({ extensionType }) => extensionType === 'required_capabilities')
    .map(({ extensionData }) =>
      decodeExact(
        decodeRequiredCapabilities,
        requiredCapabilitiesEncoder,
        extensionData,
        MAX_EXTENSION_BYTES,
        code,
      ),
    )
}

/** A peer of another implementation may name extensions that it and the context know. */
function assertForeign(ctx: MlsContext, extensions: readonly Extension[], code: MlsErrorCode): void {
  const known = ctx.interop?.extensions ?? []
  const types = extensions.map(({ extensionType }) => extensionType)
  const allowed = types.every(
    (type) => type === 'required_capabilities' || known.includes(extensionTypeToNumber(type)),
  )
  if (!allowed || new Set(types).size !== types.length) throw new MlsError(code)
}

/**
 * The roles in the extensions of a group, null in a group of equals.
 * @throws MlsError `code` for anything but the form that this version writes
 */
export function rolesIn(ctx: MlsContext, extensions: readonly Extension[], code: MlsErrorCode): Roles | null {
  const found = extensions.find(({ extensionType }) => extensionType === ROLES_EXTENSION)
  if (found === undefined) {
    assertForeign(ctx, extensions, code)
    requiredOf(extensions, code)
    return null
  }
  if (found.extensionData.length > MAX_EXTENSION_BYTES) throw new MlsError(code)
  const roles = decodeRoles(found.extensionData, code)
  if (!extensionsEqual([...extensions], rolesExtensions(roles))) throw new MlsError(code)
  return roles
}

/** Section 7.3: a member must be able to do what the group asks of all. */
export function isSupported(extensions: readonly Extension[], capabilities: Capabilities): boolean {
  const types = extensions.map(({ extensionType }) => extensionType)
  const named = types.every(
    (t) => typeof t !== 'number' || capabilities.extensions.includes(extensionTypeToNumber(t)),
  )
  const able = requiredOf(extensions, 'mls/bad-commit').every(
    (required) =>
      required.extensionTypes.every(
        (type) => type <= LAST_DEFAULT || capabilities.extensions.includes(type),
      ) &&
      required.proposalTypes.every(
        (type) => type <= LAST_DEFAULT_PROPOSAL || capabilities.proposals.includes(type),
      ) &&
      required.credentialTypes.every((type) => capabilities.credentials.includes(type)),
  )
  return named && able
}

/** Section 7.2: what RFC 9420 defines itself is supported by everybody and need not be listed. */
const LAST_DEFAULT = 5
const LAST_DEFAULT_PROPOSAL = 7

/** Roles with comparable accounts, always in the same order of fields. */
export function rulesOf(roles: Roles | null): RoleRules | null {
  if (roles === null) return null
  return {
    creator: toHex(roles.creator),
    admins: roles.admins.map(({ account, right }) => ({ account: toHex(account), right })),
    inviteRule: roles.inviteRule,
    externalJoinRule: roles.externalJoinRule,
  }
}

/** The roles of the group as they are, null in a group of equals. A copy. @throws MlsError `mls/bad-snapshot` */
export function rolesOf(state: GroupState): Roles | null {
  const { extensions } = unwrapState(state).groupContext
  const found = extensions.find(({ extensionType }) => extensionType === ROLES_EXTENSION)
  return found === undefined ? null : decodeRoles(found.extensionData, 'mls/bad-snapshot')
}
