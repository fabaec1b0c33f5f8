// What happens in one schedule, drawn from its seed before it runs: who is there, what they want, what goes wrong.
import { type Fault, planFaults, type SeededRandom, unsafeSeededRandom } from '@hyphae/testkit'
import type { OrderMode } from '../../src/order/log.js'
import type { Right } from '../../src/roles/roles.js'

/** What a member does; the villain does the second half. */
export type Deed =
  | { readonly kind: 'say' | 'update' | 'leave' }
  | { readonly kind: 'invite' | 'expel'; readonly whom: string }
  | { readonly kind: 'promote'; readonly whom: string; readonly right: Right | null }
  /** Two commits of one epoch, each to one half of the group. */
  | { readonly kind: 'equivocate' }
  /** A chain of commits that do nothing, to some. */
  | { readonly kind: 'spam'; readonly length: number }
  /** A commit that one member alone is told. */
  | { readonly kind: 'favour'; readonly whom: string }
  /** A commit that its role does not permit. */
  | {
      readonly kind: 'usurp'
      readonly whom: string
      readonly what: 'expel' | 'invite' | 'promote' | 'depose'
    }
  /** Bytes that are nothing, or almost an envelope. */
  | { readonly kind: 'garbage' }

export type DeedKind = Deed['kind']

export interface Action {
  readonly atMs: number
  readonly who: string
  readonly deed: Deed
}

export interface Plan {
  readonly seed: number
  readonly mode: OrderMode
  /** Null in a group of equals. */
  readonly roles: { readonly inviteRule: 'admins' | 'members' } | null
  /** In the group from the beginning; the first has founded it. The first two never leave. */
  readonly founders: readonly string[]
  /** May be invited. */
  readonly outsiders: readonly string[]
  /** One of the founders that keeps to no rule. */
  readonly villain: string | null
  /** Devices that share an account with the one before. */
  readonly seconds: readonly string[]
  readonly loss: number
  readonly duplicate: number
  readonly delayMs: readonly [number, number]
  /** Probability that a carrier holds a commit back from a member while there is turmoil, and that it does so for good. */
  readonly withhold: number
  readonly withholdForGood: number
  /** Probability that the sequencer lies. */
  readonly sequencerLies: number
  readonly turmoilMs: number
  readonly actions: readonly Action[]
  readonly faults: readonly Fault[]
}

const TURMOIL_MS = 40_000
const HONEST_DEEDS: readonly DeedKind[] = [
  'say',
  'say',
  'say',
  'update',
  'update',
  'invite',
  'expel',
  'leave',
]
const VILLAIN_DEEDS: readonly DeedKind[] = ['equivocate', 'equivocate', 'spam', 'favour', 'garbage', 'usurp']

/** Mostly small groups, as mostly small ones break: everything that matters happens among few. */
function sizeOf(random: SeededRandom): number {
  const lot = random.next()
  if (lot < 0.72) return 3 + random.integer(3)
  return lot < 0.95 ? 6 + random.integer(4) : 10 + random.integer(11)
}

function deedOf(random: SeededRandom, kind: DeedKind, names: readonly string[]): Deed {
  const whom = random.pick(names)
  switch (kind) {
    case 'invite':
    case 'expel':
    case 'favour':
      return { kind, whom }
    case 'promote':
      return { kind, whom, right: random.pick<Right | null>(['full', 'members', 'rotation', null]) }
    case 'spam':
      return { kind, length: 2 + random.integer(7) }
    case 'usurp':
      return { kind, whom, what: random.pick(['expel', 'invite', 'promote', 'depose'] as const) }
    default:
      return { kind }
  }
}

/** Deeds come in bursts, so that commits meet. */
function actionsOf(random: SeededRandom, plan: Omit<Plan, 'actions' | 'faults'>, count: number): Action[] {
  const names = [...plan.founders, ...plan.outsiders]
  const [first, second] = names
  const safe = (name: string): boolean => name === first || name === second
  const honest = plan.roles === null ? HONEST_DEEDS : [...HONEST_DEEDS, 'promote' as const]
  const actions: Action[] = []
  while (actions.length < count) {
    const start = random.integer(plan.turmoilMs)
    for (let burst = 1 + random.integer(4); burst > 0; burst--) {
      const villainous = plan.villain !== null && random.chance(0.25)
      const who = villainous && plan.villain !== null ? plan.villain : random.pick(names)
      const kind = random.pick(villainous ? VILLAIN_DEEDS : honest)
      const deed = deedOf(random, kind, kind === 'expel' ? names.filter((name) => !safe(name)) : names)
      if (kind === 'leave' && safe(who)) continue
      actions.push({ atMs: start + random.integer(300), who, deed })
    }
  }
  return actions.sort((a, b) => a.atMs - b.atMs)
}

export function planOf(seed: number): Plan {
  const random = unsafeSeededRandom(seed)
  const size = sizeOf(random)
  const names = Array.from({ length: size + 1 + random.integer(3) }, (_, index) => `d${index}`)
  const founders = names.slice(0, size)
  const villain = random.chance(0.4) ? (founders[2 + random.integer(size - 2)] as string) : null
  const shape = {
    seed,
    mode: random.chance(0.25) ? ('relay-sequenced' as const) : ('deterministic' as const),
    roles: random.chance(0.5) ? { inviteRule: random.pick(['admins', 'members'] as const) } : null,
    founders,
    outsiders: names.slice(size),
    villain,
    seconds: names.filter((name, index) => index > 2 && name !== villain && random.chance(0.15)),
    loss: random.pick([0, 0.05, 0.3]),
    duplicate: random.pick([0, 0.1, 0.3]),
    delayMs: random.pick([
      [5, 50],
      [10, 800],
      [50, 3000],
    ] as const),
    withhold: random.pick([0, 0, 0.1, 0.3]),
    withholdForGood: random.pick([0, 0, 0.05]),
    sequencerLies: random.pick([0, 0.3]),
    turmoilMs: TURMOIL_MS,
  }
  const actions = actionsOf(random, shape, 4 + random.integer(size > 9 ? 4 : 10))
  const faults = planFaults(random, { nodes: names, forMs: TURMOIL_MS, count: random.integer(5) })
  return { ...shape, actions, faults }
}

/** As many lines as a plan has parts: what a failing seed is about. */
export function planLines(plan: Plan): string[] {
  const { founders, outsiders, villain, roles, mode, actions } = plan
  return [
    `${mode}, ${roles === null ? 'equals' : `roles, invited by ${roles.inviteRule}`}, founders ${founders.join(' ')}, outsiders ${outsiders.join(' ')}, villain ${villain ?? 'none'}`,
    `loss ${plan.loss}, copies ${plan.duplicate}, delay ${plan.delayMs.join('–')} ms, withheld ${plan.withhold} and for good ${plan.withholdForGood}`,
    ...actions.map(({ atMs, who, deed }) => `${(atMs / 1000).toFixed(1)} s ${who}: ${JSON.stringify(deed)}`),
  ]
}
