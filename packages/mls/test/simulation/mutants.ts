// Deliberate mistakes in the rules on order and roles. Each is one change of the source that this simulation must
// notice; the text to change must stand there once, or the mutant is out of date.

export interface Mutant {
  readonly name: string
  /** Below src/. */
  readonly file: string
  readonly find: string
  readonly replace: string
  /** The first seed that is tried; chosen where the mutant soon shows, to save time. */
  readonly from: number
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'who comes first goes first',
    file: 'order/choice.ts',
    find: 'return weights.sort(compare)',
    replace: 'return weights',
    from: 2,
  },
  {
    name: 'one’s own commit goes first',
    file: 'order/choice.ts',
    find: 'const selected = compareBytes(a.link.selector, b.link.selector)',
    replace:
      'const selected = Number(b.link.own) - Number(a.link.own) || compareBytes(a.link.selector, b.link.selector)',
    from: 2,
  },
  {
    name: 'the lot is drawn by each member for itself',
    file: 'order/node.ts',
    find: 'return ctx.crypto.hmacSha256(key,',
    replace: 'return ctx.crypto.hmacSha256(ctx.crypto.randomBytes(32),',
    from: 17,
  },
  {
    name: 'a privileged commit has no precedence',
    file: 'order/choice.ts',
    find: 'if (privileged !== 0) return privileged',
    replace: '',
    from: 8,
  },
  {
    name: 'what is not published counts',
    file: 'order/choice.ts',
    find: 'if (link === null || !link.published) return []',
    replace: 'if (link === null) return []',
    from: 4,
  },
  {
    name: 'what cannot be read yet is dropped',
    file: 'order/early.ts',
    find: 'draft.early = [...draft.early, early]',
    replace: 'draft.early = [...draft.early]',
    from: 2,
  },
  {
    name: 'the horizon is one epoch',
    file: 'order/follow.ts',
    find: 'path[path.length - 1 - HORIZON]',
    replace: 'path[path.length - 2]',
    from: 12,
  },
  {
    name: 'intents that lost are forgotten',
    file: 'order/own.ts',
    find: 'const again = { ...pending, carrier: null, due: null, settled: false }',
    replace: 'const again = { ...pending, settled: true }',
    from: 2,
  },
  {
    name: 'nobody asks for what is missing',
    file: 'order/heal.ts',
    find: 'if (draft.stall === null || draft.now - draft.stall.since < STALL_MS',
    replace: 'if (draft.stall === null || draft.stall.since >= 0',
    from: 8,
  },
  {
    name: 'two commits of one member are not noticed',
    file: 'order/commits.ts',
    find: 'if (rival?.link) reportEquivocation(',
    replace: 'if (rival?.link && draft.now < 0) reportEquivocation(',
    from: 8,
  },
  {
    name: 'who has been removed is still heard',
    file: 'order/receive.ts',
    find: 'if (!isMemberNow(',
    replace: 'if (draft.now < 0 && !isMemberNow(',
    from: 34,
  },
  {
    name: 'a proposal uses up the key of a commit',
    file: 'order/receive.ts',
    find: 'state: withKeysOf(node.state, state)',
    replace: 'state: draft.now < 0 ? withKeysOf(node.state, state) : state',
    from: 1149,
  },
  {
    name: 'one member may refresh itself without end',
    file: 'order/commits.ts',
    find: '<= MAX_IDLE_RUN)',
    replace: '<= 1000 * MAX_IDLE_RUN)',
    from: 1,
  },
  {
    name: 'everybody may add',
    file: 'roles/judge.ts',
    find: "if (adding > right) return refuse('add')",
    replace: '',
    from: 3,
  },
  {
    name: 'everybody may remove',
    file: 'roles/judge.ts',
    find: "if (removing > right) return refuse('remove')",
    replace: '',
    from: 3,
  },
  {
    name: 'everybody may change the roles',
    file: 'roles/judge.ts',
    find: 'if (changing > right || ',
    replace: 'if (',
    from: 4,
  },
  {
    name: 'who adds and removes may remove admins',
    file: 'roles/judge.ts',
    find: 'return rightOf(rules, account) > 0 ? STRENGTH.full : STRENGTH.members',
    replace: 'return STRENGTH.members',
    from: 10,
  },
  {
    name: 'a commit is judged by the roles it brings',
    file: 'roles/judge.ts',
    find: 'const right = rightOf(rules, own)',
    replace: 'const right = rightOf(transition.rules ?? rules, own)',
    from: 119,
  },
  {
    name: 'who has read a branch and stands elsewhere says where alone',
    file: 'order/apart.ts',
    find: 'plead(draft, wants, from)',
    replace: 'plead(draft, wants)',
    from: 7613,
  },
  {
    name: 'what a removal has silenced is lost',
    file: 'order/receive.ts',
    find: 'if (!hold(',
    replace: 'if (draft.now >= 0 || !hold(',
    from: 8558,
  },
  {
    name: 'who is removed asks for nothing',
    file: 'order/heal.ts',
    find: '    appeal(draft, draft.stall)',
    replace: '',
    from: 1192,
  },
]
