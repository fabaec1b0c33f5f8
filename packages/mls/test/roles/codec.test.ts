// The bytes of roles: one form, everything else refused.
import fc from 'fast-check'
import type { Extension } from 'ts-mls'
import { describe, expect, it } from 'vitest'
import { MAX_ACCOUNT_BYTES, MAX_ADMINS, MlsError } from '../../src/index.js'
import { rolesExtensions, rolesIn } from '../../src/roles/extension.js'
import { type Admin, decodeRoles, encodeRoles, type Roles } from '../../src/roles/roles.js'
import { codeOf, device, text } from '../helpers.js'

const account = fc.uint8Array({ minLength: 1, maxLength: MAX_ACCOUNT_BYTES })
const right = fc.constantFrom('full' as const, 'members' as const, 'rotation' as const)
const anyRoles: fc.Arbitrary<Roles> = fc.record({
  creator: account,
  admins: fc
    .uniqueArray(fc.record({ account, right }), {
      minLength: 1,
      maxLength: MAX_ADMINS,
      selector: (admin) => admin.account.join(),
    })
    .map((admins) => admins.map((admin, i): Admin => (i === 0 ? { ...admin, right: 'full' } : admin))),
  inviteRule: fc.constantFrom('admins' as const, 'members' as const),
  externalJoinRule: fc.constantFrom(
    'nobody' as const,
    'resync' as const,
    'devices' as const,
    'anyone' as const,
  ),
})
const decode = (bytes: Uint8Array): Roles => decodeRoles(bytes, 'mls/bad-commit')

describe('roles as bytes', () => {
  it('come back as they were, and the same roles in another order are the same bytes', () => {
    fc.assert(
      fc.property(anyRoles, (roles) => {
        const bytes = encodeRoles(roles)
        const back = decode(bytes)
        expect(encodeRoles(back)).toEqual(bytes)
        expect(encodeRoles({ ...roles, admins: [...roles.admins].reverse() })).toEqual(bytes)
        expect(back).toMatchObject({ inviteRule: roles.inviteRule, externalJoinRule: roles.externalJoinRule })
        expect(back.admins).toHaveLength(roles.admins.length)
      }),
    )
  })

  it('hostile 1: any bytes are roles in their one form, or a typed refusal', () => {
    const input = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.tuple(anyRoles, fc.nat(), fc.nat(255)).map(([roles, at, value]) => {
        const bytes = encodeRoles(roles)
        bytes[at % bytes.length] = value
        return bytes
      }),
      fc.tuple(anyRoles, fc.nat()).map(([roles, cut]) => {
        const bytes = encodeRoles(roles)
        return bytes.slice(0, cut % bytes.length)
      }),
    )
    fc.assert(
      fc.property(input, (bytes) => {
        try {
          expect(encodeRoles(decode(bytes))).toEqual(bytes)
        } catch (error) {
          if (!(error instanceof MlsError)) throw error
          expect(error.code).toBe('mls/bad-commit')
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('stand in the group context in one order and form, and nothing beside them', async () => {
    const { ctx } = device('a')
    const roles = { creator: text('ann'), admins: [{ account: text('ann'), right: 'full' as const }] }
    const good = rolesExtensions({ ...roles, inviteRule: 'admins', externalJoinRule: 'nobody' })
    expect(rolesIn(ctx, good, 'mls/bad-commit')?.admins).toHaveLength(1)
    expect(rolesIn(ctx, [], 'mls/bad-commit')).toBeNull()
    const [required, own] = good as [Extension, Extension]
    const other = { extensionType: 'required_capabilities' as const, extensionData: Uint8Array.of(0, 0, 0) }
    const stranger = { extensionType: 0xf0a2, extensionData: new Uint8Array() }
    for (const wrong of [
      [own],
      [own, required],
      [required, own, own],
      [other, own],
      [required, own, stranger],
      [stranger],
      [required, required],
    ])
      expect(await codeOf(() => rolesIn(ctx, wrong, 'mls/bad-commit')), `${wrong.length}`).toBe(
        'mls/bad-commit',
      )
  })

  it('trailing bytes, another version, five admins, two times the same, none that is full: refused', async () => {
    const roles: Roles = {
      creator: text('ann'),
      admins: [{ account: text('ann'), right: 'full' }],
      inviteRule: 'admins',
      externalJoinRule: 'nobody',
    }
    const bytes = encodeRoles(roles)
    expect(await codeOf(() => decode(Uint8Array.of(...bytes, 0)))).toBe('mls/bad-commit')
    expect(await codeOf(() => decode(Uint8Array.of(2, ...bytes.slice(1))))).toBe('mls/bad-commit')
    const admin = (name: string): Admin => ({ account: text(name), right: 'full' })
    for (const admins of [
      [],
      ['a', 'b', 'c', 'd', 'e'].map(admin),
      [admin('a'), admin('a')],
      [{ account: text('a'), right: 'members' as const }],
      [admin('')],
      [{ account: new Uint8Array(MAX_ACCOUNT_BYTES + 1), right: 'full' as const }],
    ])
      expect(await codeOf(() => encodeRoles({ ...roles, admins }))).toBe('mls/bad-argument')
  })
})
