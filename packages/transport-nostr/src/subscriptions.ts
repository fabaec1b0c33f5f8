/**
 * What is asked of one relay (NIP-01), asked again on each connection. Relays allow some twenty subscriptions, and a node
 * reads a box for each contact: those who wait for wraps to one key each share a subscription. Believes nothing: events
 * are handed on as they came.
 */
import type { Clock } from '@hyphae/core'
import { backoffMs } from '@hyphae/transport'
import { type Filter, filterJson } from './filter.js'
import { MAX_SHARED_TAGS, STORED_TIMEOUT_MS } from './limits.js'

export interface Sink {
  /** Asked for, on a new connection: what comes before `stored` lay there already. */
  asked?(): void
  /** As the relay sent it, unverified. */
  event(value: unknown): void
  /** Everything stored has come; or, not `complete`, nothing more does. Said once for each asking. */
  stored(complete: boolean): void
  /** The relay will not answer. Left out: it is asked again later. */
  refused?(): void
}

interface Asker {
  readonly filter: Filter
  readonly sink: Sink
  /** `stored` is still to be said. */
  waiting: boolean
}

/** One subscription as the relay sees it. */
interface Wire {
  readonly name: string
  /** Which askers may share it; undefined for one of its own. */
  readonly share: string | undefined
  /** By the tag they wait for; under the empty text for one of its own. */
  readonly askers: Map<string, Set<Asker>>
  /** The relay has ended it so many times since it last answered. */
  refusals: number
  /** To be asked at the end of this turn. */
  due: boolean
  /** Fires when the relay has answered, or is asked anew. */
  silence: AbortController
  heardAt: number
}

export interface SubscriptionsContext {
  readonly clock: Clock
  readonly random: () => number
  /** False while there is no connection. */
  readonly isOpen: () => boolean
  readonly send: (message: readonly unknown[]) => void
}

export interface Subscriptions {
  readonly size: () => number
  /** Until the result is called. */
  add(filter: Filter, sink: Sink): () => void
  /** On a new connection: everything once more. */
  askAll(): void
  event(name: string, value: unknown): void
  stored(name: string): void
  /** The relay has ended it. False when there is none of that name. */
  ended(name: string): boolean
  clear(): void
}

export function createSubscriptions(context: SubscriptionsContext): Subscriptions {
  const wires = new Map<string, Wire>()
  let nextName = 0
  return {
    size: () => wires.size,
    add: (filter, sink) => {
      const share = shareOf(filter)
      const tag = share === undefined ? '' : (filter.tags?.p?.[0] as string)
      const known = [...wires.values()].find((wire) => mayJoin(wire, share, tag))
      const wire = known ?? newWire(`s${nextName++}`, share)
      wires.set(wire.name, wire)
      const asker: Asker = { filter, sink, waiting: true }
      const sharing = wire.askers.get(tag)
      // What it already asks for is asked again, for what is stored to be told.
      wire.askers.set(tag, (sharing ?? new Set()).add(asker))
      askSoon(context, wires, wire, asker)
      return () => leave(context, wires, wire, tag, asker)
    },
    askAll: () => {
      for (const wire of wires.values()) {
        for (const asker of allOf(wire)) begin(asker)
        ask(context, wire)
      }
    },
    event: (name, value) => {
      const wire = wires.get(name)
      if (wire === undefined) return
      wire.heardAt = context.clock.now()
      for (const asker of meant(wire, value)) asker.sink.event(value)
    },
    stored: (name) => {
      const wire = wires.get(name)
      if (wire !== undefined) stored(wire, true)
    },
    ended: (name) => {
      const wire = wires.get(name)
      if (wire !== undefined) refused(context, wires, wire)
      return wire !== undefined
    },
    clear: () => {
      for (const wire of wires.values()) wire.silence.abort()
      wires.clear()
    },
  }
}

const newWire = (name: string, share: string | undefined): Wire => ({
  name,
  share,
  askers: new Map(),
  refusals: 0,
  due: false,
  silence: new AbortController(),
  heardAt: 0,
})

/** Kinds alone, where a filter asks for what is new with one `p` tag and says nothing else. */
function shareOf({ kinds, tags, limit, ...rest }: Filter): string | undefined {
  const [name, ...more] = Object.keys(tags ?? {})
  const plain = limit === 1 && Object.keys(rest).length === 0
  return plain && name === 'p' && more.length === 0 && tags?.p?.length === 1 ? `${kinds}` : undefined
}

function mayJoin(wire: Wire, share: string | undefined, tag: string): boolean {
  return (
    share !== undefined &&
    wire.share === share &&
    (wire.askers.has(tag) || wire.askers.size < MAX_SHARED_TAGS)
  )
}

const allOf = ({ askers }: Wire): Asker[] => [...askers.values()].flatMap((some) => [...some])

/** Those who wait for one of its tags; whether it is what they asked for is theirs to check. */
function meant(wire: Wire, value: unknown): Asker[] {
  if (wire.share === undefined) return allOf(wire)
  const { tags } = (value ?? {}) as { readonly tags?: unknown }
  const named = (Array.isArray(tags) ? tags : []).map((tag: unknown) =>
    Array.isArray(tag) ? tag[1] : undefined,
  )
  return [...new Set(named)].flatMap((tag) => [...(wire.askers.get(tag) ?? [])])
}

function begin(asker: Asker): void {
  asker.waiting = true
  asker.sink.asked?.()
}

/** Many boxes are opened in one turn: they are asked for at once. */
function askSoon(
  context: SubscriptionsContext,
  wires: ReadonlyMap<string, Wire>,
  wire: Wire,
  asker: Asker,
): void {
  if (context.isOpen()) begin(asker)
  if (wire.due) return
  wire.due = true
  queueMicrotask(() => {
    wire.due = false
    if (wires.get(wire.name) === wire) ask(context, wire)
  })
}

function filterOf(wire: Wire): Filter {
  const [first] = allOf(wire) as [Asker]
  return wire.share === undefined ? first.filter : { ...first.filter, tags: { p: [...wire.askers.keys()] } }
}

function ask(context: SubscriptionsContext, wire: Wire): void {
  if (!context.isOpen()) return
  wire.silence.abort()
  wire.silence = new AbortController()
  wire.heardAt = context.clock.now()
  context.send(['REQ', wire.name, filterJson(filterOf(wire))])
  void watchSilence(context, wire, wire.silence.signal)
}

/** A relay that does not say that this was all is not waited for. */
async function watchSilence({ clock }: SubscriptionsContext, wire: Wire, over: AbortSignal): Promise<void> {
  try {
    for (let rest = STORED_TIMEOUT_MS; rest > 0; rest = wire.heardAt + STORED_TIMEOUT_MS - clock.now())
      await clock.sleep(rest, over, true)
    stored(wire, false)
  } catch {
    // It has answered, or nobody waits any more.
  }
}

function stored(wire: Wire, complete: boolean): void {
  wire.silence.abort()
  wire.refusals = 0
  for (const asker of allOf(wire)) {
    if (!asker.waiting) continue
    asker.waiting = false
    asker.sink.stored(complete)
  }
}

function refused(context: SubscriptionsContext, wires: Map<string, Wire>, wire: Wire): void {
  wire.refusals += 1
  wire.silence.abort()
  for (const [tag, askers] of wire.askers) {
    for (const asker of askers) {
      if (asker.sink.refused === undefined) continue
      leave(context, wires, wire, tag, asker)
      asker.sink.refused()
    }
  }
  if (wires.get(wire.name) === wire) void askLater(context, wires, wire)
}

/** Between the refusal and then nothing is heard, so what is stored is told again. */
async function askLater(
  context: SubscriptionsContext,
  wires: ReadonlyMap<string, Wire>,
  wire: Wire,
): Promise<void> {
  wire.silence = new AbortController()
  try {
    await context.clock.sleep(backoffMs(wire.refusals, context.random), wire.silence.signal, true)
    if (wires.get(wire.name) !== wire) return
    for (const asker of allOf(wire)) begin(asker)
    ask(context, wire)
  } catch {
    // Asked on a new connection meanwhile.
  }
}

function leave(
  { send }: SubscriptionsContext,
  wires: Map<string, Wire>,
  wire: Wire,
  tag: string,
  asker: Asker,
): void {
  const sharing = wire.askers.get(tag)
  if (sharing === undefined || !sharing.delete(asker) || sharing.size > 0) return
  wire.askers.delete(tag)
  if (wire.askers.size > 0 || !wires.delete(wire.name)) return
  wire.silence.abort()
  send(['CLOSE', wire.name])
}
