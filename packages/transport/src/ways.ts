/**
 * Which carriers may take a frame, and in which order they are tried (spec/transport.md, "Choosing"). Decides from traits,
 * reach and scores alone: the same of them, the same order.
 */
import {
  type BoxId,
  type CarrierTraits,
  isAsPrivate,
  type Mailbox,
  type Nearness,
  type RouteOptions,
} from '@hyphae/core'
import { UNKNOWN_LATE_MS } from './limits.js'
import type { Scores } from './scores.js'

export interface MailRoute {
  readonly name: string
  readonly traits: CarrierTraits
  readonly mailbox: Mailbox
}

/** One carrier, for one box: to the peer that reads it, or to the mailbox. */
export interface Way {
  readonly route: MailRoute
  /** What it is measured under. */
  readonly key: string
  readonly nearness: Nearness
  /** Stores for who is away. */
  readonly stores: boolean
}

/** Ways that are started together, one group after another. */
export type Stages = readonly (readonly Way[])[]

export interface StageOptions extends RouteOptions {
  /** Mailboxes that get the frame at once. */
  readonly copies: number
}

const NEAREST: readonly Nearness[] = ['machine', 'network', 'direct', 'proxied', 'mailbox']

/** Whether a carrier meets what was asked. */
export function meets(
  traits: CarrierTraits,
  { minBandwidthBps = 0, privacy = 'direct' }: RouteOptions,
  frameBytes = 0,
): boolean {
  return (
    traits.mtu >= frameBytes && traits.bandwidthBps >= minBandwidthBps && isAsPrivate(traits.privacy, privacy)
  )
}

/**
 * Peers that read the box and have not failed lately, nearest first; then the mailboxes; then the peers that have; last
 * those ways that will take it when somebody comes who reads the box.
 */
export function stagesFor(
  routes: readonly MailRoute[],
  box: BoxId,
  scores: Scores,
  options: StageOptions,
): Stages {
  const links: Way[] = []
  const mailboxes: Way[] = []
  const waiting: Way[] = []
  for (const [index, route] of routes.entries()) {
    if (route.mailbox.reach === undefined) {
      mailboxes.push({ route, key: `${index}`, nearness: 'mailbox', stores: true })
      continue
    }
    const reach = route.mailbox.reach(box)
    const way = { route, key: `${index} ${reach?.peer ?? ''}`, stores: false }
    if (reach === undefined) waiting.push({ ...way, nearness: 'mailbox' })
    else links.push({ ...way, nearness: reach.nearness })
  }
  const isFailing = ({ key }: Way): boolean => scores.isFailing(key)
  const ranked = links.sort(byRank(scores))
  const stores = mailboxes.sort(byRank(scores))
  const stages = [
    ...ranked.filter((way) => !isFailing(way)).map((way) => [way]),
    stores.slice(0, options.copies),
    ...stores.slice(options.copies).map((way) => [way]),
    ...ranked.filter(isFailing).map((way) => [way]),
    waiting,
  ].filter(({ length }) => length > 0)
  return options.priority === 'urgent' ? [stages.flat()] : stages
}

/** Nearest first, then what costs nothing to use, then the fastest; equals in the carriers' order. */
function byRank(scores: Scores): (a: Way, b: Way) => number {
  const rank = (way: Way): readonly number[] => [
    scores.isFailing(way.key) ? 1 : 0,
    NEAREST.indexOf(way.nearness),
    way.route.traits.metered ? 1 : 0,
    scores.latencyMs(way.key) ?? way.route.traits.latencyMs,
  ]
  return (a, b) => {
    const [left, right] = [rank(a), rank(b)]
    const at = left.findIndex((value, index) => value !== right[index])
    return at < 0 ? 0 : (left[at] as number) - (right[at] as number)
  }
}

/** Milliseconds after which an answer to so many bytes is late. */
export function lateMs({ route, key }: Way, scores: Scores, bytes: number): number {
  const { latencyMs, bandwidthBps } = route.traits
  const transferMs = (8000 * bytes) / bandwidthBps
  return scores.lateMs(key, UNKNOWN_LATE_MS + 4 * latencyMs + 2 * transferMs) + transferMs
}
