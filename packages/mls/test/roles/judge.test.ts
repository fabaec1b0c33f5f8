// The rules on roles as a pure function: every kind of change by every role (spec/group.md section 11).
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  judgeRoles,
  type RoleRules,
  type RoleTransition,
  type RoleVerdict,
  type RoleView,
} from '../../src/roles/judge.js'

// Leaves: 0 and 5 are the devices of `full`, 4 is a second full admin, 6 a second device of `plain`.
const accounts = new Map([
  [0, 'full'],
  [1, 'members'],
  [2, 'rotation'],
  [3, 'plain'],
  [4, 'second'],
  [5, 'full'],
  [6, 'plain'],
  [7, 'other'],
])
const rules: RoleRules = {
  creator: 'full',
  admins: [
    { account: 'full', right: 'full' },
    { account: 'members', right: 'members' },
    { account: 'rotation', right: 'rotation' },
    { account: 'second', right: 'full' },
  ],
  inviteRule: 'admins',
  externalJoinRule: 'nobody',
}
const view: RoleView = { rules, accounts }
const LEAVES = { full: 0, members: 1, rotation: 2, plain: 3 } as const
type Who = keyof typeof LEAVES

const judge = (who: Who, change: Partial<RoleTransition>, from: RoleView = view): RoleVerdict =>
  judgeRoles(from, {
    committer: { kind: 'member', leaf: LEAVES[who] },
    added: [],
    removed: [],
    updated: [],
    rules: from.rules,
    ...change,
  })

const forced = (leaf: number): Partial<RoleTransition> => ({ removed: [{ leaf, left: false }] })
const left = (leaf: number): Partial<RoleTransition> => ({ removed: [{ leaf, left: true }] })
const demoted: RoleRules = { ...rules, admins: rules.admins.filter(({ account }) => account !== 'second') }
const opened: RoleView = { accounts, rules: { ...rules, inviteRule: 'members' } }

const YES = 'privileged'
const ANY = 'ordinary'
const word = (verdict: RoleVerdict): string =>
  verdict.allowed ? (verdict.privileged ? YES : ANY) : verdict.reason

describe('hostile 24: every change by every role', () => {
  const table: readonly [string, Partial<RoleTransition>, Record<Who, string>, RoleView?][] = [
    ['refreshes itself', {}, { full: ANY, members: ANY, rotation: ANY, plain: ANY }],
    ['adds a stranger', { added: ['new'] }, { full: YES, members: YES, rotation: 'add', plain: 'add' }],
    [
      'adds a stranger where members invite',
      { added: ['new'] },
      { full: ANY, members: ANY, rotation: ANY, plain: ANY },
      opened,
    ],
    [
      'adds a device to a member, also where members invite',
      { added: ['other'] },
      { full: YES, members: YES, rotation: 'add', plain: 'add' },
      opened,
    ],
    [
      'adds a device to an admin',
      { added: ['second'] },
      { full: YES, members: 'add', rotation: 'add', plain: 'add' },
    ],
    ['removes a member', forced(7), { full: YES, members: YES, rotation: 'remove', plain: 'remove' }],
    ['removes an admin', forced(4), { full: YES, members: 'remove', rotation: 'remove', plain: 'remove' }],
    ['commits the leave of a member', left(7), { full: ANY, members: ANY, rotation: ANY, plain: ANY }],
    ['commits the leave of an admin', left(4), { full: ANY, members: ANY, rotation: ANY, plain: ANY }],
    [
      'commits the update of another',
      { updated: [7] },
      { full: YES, members: YES, rotation: YES, plain: 'update' },
    ],
    [
      'demotes an admin',
      { rules: demoted },
      { full: YES, members: 'roles', rotation: 'roles', plain: 'roles' },
    ],
    [
      'changes a rule',
      { rules: { ...rules, inviteRule: 'members' } },
      { full: YES, members: 'roles', rotation: 'roles', plain: 'roles' },
    ],
    [
      'removes a blank leaf',
      forced(40),
      { full: 'remove', members: 'remove', rotation: 'remove', plain: 'remove' },
    ],
  ]
  it.each(table)('%s', (_, change, expected, from) => {
    for (const who of Object.keys(LEAVES) as Who[])
      expect(word(judge(who, change, from)), who).toBe(expected[who])
  })

  it('a member may add and remove devices of its own account', () => {
    expect(word(judge('plain', { added: ['plain'] }))).toBe(ANY)
    expect(word(judge('plain', forced(6)))).toBe(ANY)
    expect(word(judge('full', forced(5)))).toBe(ANY)
  })

  it('one forbidden part makes the whole commit forbidden', () => {
    expect(word(judge('members', { added: ['new'], ...forced(4) }))).toBe('remove')
    expect(word(judge('plain', { ...left(7), added: ['new'] }))).toBe('add')
  })
})

describe('never zero admins', () => {
  const alone: RoleView = {
    accounts: new Map([...accounts].filter(([leaf]) => leaf !== 4 && leaf !== 5)),
    rules: { ...rules, admins: rules.admins.filter(({ account }) => account !== 'second') },
  }

  it('the last full admin cannot leave, be removed or step down', () => {
    expect(word(judge('plain', left(0), alone))).toBe('no-admin')
    expect(word(judge('rotation', left(0), alone))).toBe('no-admin')
    const none = { ...rules, admins: [{ account: 'full', right: 'members' as const }] }
    expect(word(judge('full', { rules: none }, alone))).toBe('no-admin')
    const absent = { ...rules, admins: [{ account: 'second', right: 'full' as const }] }
    expect(word(judge('full', { rules: absent }, alone))).toBe('roles')
  })

  it('it can when another full admin is in the group, or has been made one in the same commit', () => {
    expect(word(judge('plain', left(4)))).toBe(ANY)
    const heir = { ...rules, admins: [{ account: 'plain', right: 'full' as const }] }
    expect(word(judge('full', { rules: heir }, alone))).toBe(YES)
  })

  it('an admin that is named but has no leaf leads nobody', () => {
    const absent: RoleView = {
      accounts: new Map([...accounts].filter(([leaf]) => leaf !== 4 && leaf !== 5)),
      rules,
    }
    expect(word(judge('plain', left(0), absent))).toBe('no-admin')
  })

  it('a device of an admin may go while another of its devices stays', () => {
    const twice: RoleView = { ...alone, accounts: new Map([...alone.accounts, [5, 'full']]) }
    expect(word(judge('plain', left(5), twice))).toBe(ANY)
  })
})

describe('roles are given to members, by whoever has all rights', () => {
  it('nobody becomes an admin from outside, and the creator stays on record', () => {
    const outsider = {
      ...rules,
      admins: [...rules.admins.slice(0, 3), { account: 'new', right: 'full' as const }],
    }
    expect(word(judge('full', { rules: outsider }))).toBe('roles')
    expect(word(judge('full', { rules: outsider, added: ['new'] }))).toBe(YES)
    const gone: RoleView = { rules, accounts: new Map([...accounts].filter(([leaf]) => leaf !== 2)) }
    const raised = rules.admins.map((a) => (a.account === 'rotation' ? { ...a, right: 'full' as const } : a))
    expect(word(judge('full', { rules: { ...rules, admins: raised } }, gone))).toBe('roles')
    expect(word(judge('full', { rules: { ...rules, admins: raised } }))).toBe(YES)
    expect(word(judge('full', { rules: demoted }, gone))).toBe(YES)
    expect(word(judge('full', { rules: { ...rules, creator: 'plain' } }))).toBe('roles')
    expect(word(judge('full', { rules: null }))).toBe('roles')
  })

  it('hostile 27: two admins demoting each other are both allowed by the parent, then one is not', () => {
    const byFull = judge('full', { rules: demoted })
    const withoutFull = { ...rules, admins: rules.admins.filter(({ account }) => account !== 'full') }
    const bySecond = judgeRoles(view, {
      committer: { kind: 'member', leaf: 4 },
      added: [],
      removed: [],
      updated: [],
      rules: withoutFull,
    })
    expect([word(byFull), word(bySecond)]).toEqual([YES, YES])
    const after: RoleView = { accounts, rules: demoted }
    const again = judgeRoles(after, {
      committer: { kind: 'member', leaf: 4 },
      added: [],
      removed: [],
      updated: [],
      rules: { ...demoted, admins: demoted.admins.filter(({ account }) => account !== 'full') },
    })
    expect(word(again)).toBe('roles')
  })
})

describe('newcomers by external commit', () => {
  const come = (
    rule: RoleRules['externalJoinRule'],
    account: string,
    removed: readonly number[],
    sameDevice: boolean,
  ): string =>
    word(
      judgeRoles(
        { accounts, rules: { ...rules, externalJoinRule: rule } },
        {
          committer: { kind: 'newcomer', account, sameDevice },
          added: [],
          removed: removed.map((leaf) => ({ leaf, left: false })),
          updated: [],
          rules: { ...rules, externalJoinRule: rule },
        },
      ),
    )
  const NO = 'external-join'

  it.each([
    ['nobody', NO, NO, NO, NO],
    ['resync', ANY, NO, NO, NO],
    ['devices', ANY, ANY, ANY, NO],
    ['anyone', ANY, ANY, ANY, ANY],
  ] as const)('%s', (rule, again, replaced, another, stranger) => {
    expect(come(rule, 'plain', [3], true)).toBe(again)
    expect(come(rule, 'plain', [3], false)).toBe(replaced)
    expect(come(rule, 'plain', [], false)).toBe(another)
    expect(come(rule, 'new', [], false)).toBe(stranger)
  })

  it('never removes another account, two leaves, or a leaf when it is a stranger', () => {
    for (const rule of ['nobody', 'resync', 'devices', 'anyone'] as const) {
      expect(come(rule, 'plain', [0], false)).toBe(NO)
      expect(come(rule, 'plain', [3, 6], true)).toBe(NO)
      expect(come(rule, 'new', [3], false)).toBe(NO)
    }
  })

  it('an admin that has left does not come back with its rights by itself', () => {
    const gone = new Map([...accounts].filter(([, account]) => account !== 'second'))
    const open: RoleRules = { ...rules, externalJoinRule: 'anyone' }
    const verdict = judgeRoles(
      { accounts: gone, rules: open },
      {
        committer: { kind: 'newcomer', account: 'second', sameDevice: false },
        added: [],
        removed: [],
        updated: [],
        rules: open,
      },
    )
    expect(word(verdict)).toBe(NO)
  })
})

describe('a group of equals', () => {
  const equals: RoleView = { rules: null, accounts }
  it('everybody may add and remove; what removes others goes first', () => {
    expect(word(judge('plain', { added: ['new'] }, equals))).toBe(ANY)
    expect(word(judge('plain', forced(0), equals))).toBe(YES)
    expect(word(judge('plain', left(0), equals))).toBe(ANY)
    expect(word(judge('plain', forced(6), equals))).toBe(ANY)
  })
  it('nobody can make itself its admin', () => {
    expect(word(judge('plain', { rules }, equals))).toBe('roles')
  })
})

describe('whatever is committed', () => {
  const anyRules = fc.oneof(
    fc.constant(rules),
    fc.constant(demoted),
    fc.constant(null),
    fc.record({
      creator: fc.constant('full'),
      admins: fc.array(
        fc.record({
          account: fc.constantFrom('full', 'plain', 'new', 'second'),
          right: fc.constantFrom('full' as const, 'members' as const, 'rotation' as const),
        }),
        { maxLength: 4 },
      ),
      inviteRule: fc.constantFrom('admins' as const, 'members' as const),
      externalJoinRule: fc.constantFrom('nobody' as const, 'anyone' as const),
    }),
  )
  const transition = fc.record({
    committer: fc.oneof(
      fc.record({ kind: fc.constant('member' as const), leaf: fc.nat(8) }),
      fc.record({
        kind: fc.constant('newcomer' as const),
        account: fc.constantFrom('plain', 'new', 'full'),
        sameDevice: fc.boolean(),
      }),
    ),
    added: fc.array(fc.constantFrom('new', 'plain', 'second'), { maxLength: 2 }),
    removed: fc.array(fc.record({ leaf: fc.nat(8), left: fc.boolean() }), { maxLength: 3 }),
    updated: fc.array(fc.nat(8), { maxLength: 1 }),
    rules: anyRules,
  })

  it('a group with roles keeps a full admin among its members, and its creator', () => {
    fc.assert(
      fc.property(transition, (change) => {
        if (!judgeRoles(view, change).allowed) return
        const gone = new Set(change.removed.map(({ leaf }) => leaf))
        const stay = [...accounts].flatMap(([leaf, account]) => (gone.has(leaf) ? [] : [account]))
        const newcomer = change.committer.kind === 'newcomer' ? [change.committer.account] : []
        const present = new Set([...stay, ...change.added, ...newcomer])
        expect(change.rules?.creator).toBe('full')
        expect(change.rules?.admins.some((a) => a.right === 'full' && present.has(a.account))).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('an ordinary member never gets anything through that an ordinary verdict does not cover', () => {
    fc.assert(
      fc.property(transition, (change) => {
        const verdict = judgeRoles(view, { ...change, committer: { kind: 'member', leaf: 3 } })
        if (!verdict.allowed) return
        expect(verdict.privileged).toBe(false)
        expect(change.rules).toEqual(rules)
        expect(change.added.every((account) => account === 'plain')).toBe(true)
        expect(change.removed.every(({ leaf, left: own }) => own || accounts.get(leaf) === 'plain')).toBe(
          true,
        )
      }),
      { numRuns: 2000 },
    )
  })
})
