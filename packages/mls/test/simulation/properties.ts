// What must hold when all is quiet: one epoch, the same messages, nothing for those who are out.
import { equalBytes, isHyphaeError, toHex } from '@hyphae/core'
import {
  encryptMessage,
  epochAuthenticator,
  type GroupState,
  isActive,
  members,
  processMessage,
} from '../../src/index.js'
import { text } from '../helpers.js'
import { stateOf } from './deeds.js'
import type { Device } from './device.js'
import type { Durable } from './durable.js'
import { deviceIn } from './people.js'
import type { World } from './world.js'

function honest({ plan, devices }: World): Device[] {
  return [...devices.values()].filter(({ name }) => name !== plan.villain)
}

/**
 * Shows that it cannot follow and has asked to be added anew. Whoever the chosen branch has removed can be left so: it
 * cannot read what came after its removal, so another branch may go first for it. So can a device that only the
 * villain has invited, or somebody who is out: no member owes it an invitation. Everybody else is in the group, or
 * knows nothing of it.
 */
function isStranded({ running, vault, identity }: Device, world: World): boolean {
  const stall = running?.log?.stall
  if (stall?.leaving !== true || !stall.shown) return false
  const nodes = [...(running?.log?.nodes.values() ?? [])]
  if (world.plan.villain !== null || vault.current().removals > 0) return true
  const key = toHex(identity.signing.publicKey)
  const owed = honest(world).some((one) => stateOf(one) !== null && one.running?.log?.voided.includes(key))
  return !owed || nodes.some(({ active }) => !active)
}

/** Honest devices that hold themselves for members. */
function insiders(world: World): Device[] {
  const inside = honest(world).filter((one) => stateOf(one) !== null)
  const sure = inside.filter((one) => !isStranded(one, world))
  const [first] = sure
  if (first === undefined) return inside
  // One that is stranded may be out, but not in.
  const listed = new Set(members(stateOf(first) as GroupState).map(({ credential }) => deviceIn(credential)))
  return inside.filter((one) => !isStranded(one, world) || listed.has(one.name))
}

export const lastWords = (name: string, round: number): string => `last words of ${name}, ${round}`

function splitFault(inside: readonly Device[]): string | undefined {
  const sides = new Map<string, string[]>()
  for (const one of inside) {
    const name = toHex(epochAuthenticator(stateOf(one) as GroupState)).slice(0, 8)
    sides.set(name, [...(sides.get(name) ?? []), one.name])
  }
  if (sides.size <= 1) return undefined
  return `split: ${[...sides.values()].map((names) => names.join('+')).join(' | ')}`
}

/** Who holds itself for a member is one, and who is one knows it. */
function membershipFault(world: World, inside: readonly Device[]): string | undefined {
  const [first] = inside
  if (first === undefined) return undefined
  const listed = new Set(members(stateOf(first) as GroupState).map(({ credential }) => deviceIn(credential)))
  const ghost = inside.find(({ name }) => !listed.has(name))
  if (ghost !== undefined) return `${ghost.name} holds itself for a member and is none`
  // Whoever the villain adds without a Welcome cannot know.
  const hidden = world.plan.actions.flatMap(({ deed }) => (deed.kind === 'usurp' ? [deed.whom] : []))
  const missing = honest(world).find(
    (one) => listed.has(one.name) && stateOf(one) === null && !hidden.includes(one.name),
  )
  return missing && `${missing.name} is a member and does not know it`
}

function duplicateFault(inside: readonly Device[]): string | undefined {
  for (const { name, vault } of inside) {
    const { shown } = vault.current()
    const seen = new Set<string>()
    for (const { id, words } of shown) {
      if (seen.has(id)) return `${name} has shown "${words}" twice`
      seen.add(id)
    }
  }
  return undefined
}

/** In from the beginning to the end, without interruption. */
function isCore({ joins, removals }: Durable, { name }: Device, world: World): boolean {
  return joins === 1 && removals === 0 && world.plan.founders.includes(name)
}

/** What one of them has said, all of them have shown, unless they could say why not. */
function messageFault(world: World, inside: readonly Device[]): string | undefined {
  const core = inside.filter((one) => isCore(one.vault.current(), one, world))
  for (const sender of core)
    for (const { id, words } of sender.vault.current().said)
      for (const reader of core) {
        if (reader === sender) continue
        const { shown, missed } = reader.vault.current()
        if (shown.some((one) => one.id === id)) continue
        const why = missed.find((one) => one.id === id)?.why
        if (why !== 'late') return `${reader.name} has not shown "${words}" (${why ?? 'no reason'})`
      }
  return undefined
}

function lastWordsFault(inside: readonly Device[], round: number): string | undefined {
  for (const sender of inside)
    for (const reader of inside) {
      const words = lastWords(sender.name, round)
      const { shown, said } = reader.vault.current()
      const times = [...shown, ...said].filter((one) => one.words === words).length
      if (times !== 1) return `${reader.name} has "${words}" ${times} times`
    }
  return undefined
}

/** What a member wanted has been carried out on the branch that all follow, or was given up with a reason. */
function intentFault(inside: readonly Device[]): string | undefined {
  for (const { name, running } of inside) {
    const log = running?.log
    if (log == null) continue
    const path = new Set<string>()
    for (let tag: string | null = log.tip; tag !== null; tag = log.nodes.get(tag)?.parent ?? null)
      path.add(tag)
    const open = log.intents.find(({ carrier }) => carrier === null || !path.has(carrier))
    if (open !== undefined) return `${name} still wants to ${open.intent.kind}`
  }
  return undefined
}

/** Whatever an outsider still holds opens nothing of the present epoch. */
async function secrecyFault(world: World, inside: readonly Device[]): Promise<string | undefined> {
  const [speaker] = inside
  if (speaker === undefined) return undefined
  const state = stateOf(speaker) as GroupState
  const listed = new Set(members(state).map(({ credential }) => deviceIn(credential)))
  const { message } = await encryptMessage(speaker.ctx, state, text('for members'), text(''))
  const authenticator = epochAuthenticator(state)
  for (const { name, running, ctx } of world.devices.values()) {
    if (listed.has(name) || running?.log == null) continue
    for (const node of running.log.nodes.values()) {
      if (isActive(node.state) && equalBytes(epochAuthenticator(node.state), authenticator))
        return `${name} is out and knows the epoch`
      try {
        await processMessage(ctx, node.state, message)
        return `${name} is out and can read`
      } catch (error) {
        if (!isHyphaeError(error)) throw error
      }
    }
  }
  return undefined
}

/** The first thing that does not hold. */
export async function violation(world: World, round: number): Promise<string | undefined> {
  const inside = insiders(world)
  return (
    splitFault(inside) ??
    membershipFault(world, inside) ??
    duplicateFault(inside) ??
    messageFault(world, inside) ??
    lastWordsFault(inside, round) ??
    intentFault(inside) ??
    (await secrecyFault(world, inside))
  )
}
