// One life of a device: the ordering of commits as a program would use it. One input at a time; the new log, what is
// to be sent and what was shown become durable together, and only then does anything leave.
import { isHyphaeError } from '@hyphae/core'
import type { NodeLife } from '@hyphae/testkit'
import { createKeyPackage, epoch, type GroupState, joinGroup } from '../../src/index.js'
import type { Effect } from '../../src/order/effect.js'
import type { OrderContext, OrderInput } from '../../src/order/input.js'
import type { GroupLog } from '../../src/order/log.js'
import { startLog, step } from '../../src/order/step.js'
import { string } from '../helpers.js'
import type { Surroundings } from './device.js'
import type { Durable, Offer, Vault } from './durable.js'
import { carry, type Mail, type MailKind } from './post.js'
import { type Addressing, isUnderway, record, withSmuggled } from './record.js'
import { restored } from './restore.js'

export interface Running {
  readonly life: NodeLife
  readonly log: GroupLog | null
  /** An input of its own: a typed refusal is an answer, anything else fails the simulation. */
  take(input: OrderInput): void
  /** A fresh KeyPackage, once its secret is durable. */
  offer(): Promise<Uint8Array>
  /** Sends bytes that the log knows nothing of: what a villain does. */
  smuggle(kind: MailKind, bytes: Uint8Array, to: readonly string[]): void
}

export interface LifeParts {
  readonly life: NodeLife
  readonly order: OrderContext
  readonly around: Surroundings
  readonly disk: Vault
  readonly durable: Durable
}

interface Desk extends LifeParts {
  readonly addressing: Addressing
  readonly carried: Set<string>
  now: Durable
  last: Promise<void>
}

const TICK_MS = 1000

export async function run(parts: LifeParts): Promise<Running> {
  const { life, around, order, durable } = parts
  const addressing: Addressing = {
    name: life.name,
    others: () => around.names().filter((name) => name !== life.name),
    nameOf: around.nameOf,
  }
  const log = durable.log === null ? null : await restored(order, durable.log)
  const desk: Desk = {
    ...parts,
    addressing,
    carried: new Set(),
    now: { ...durable, log },
    last: Promise.resolve(),
  }
  around.office.open(life.name, {
    receive: (mail, confirm) =>
      queue(desk, mail.kind, async () => {
        // One that is of no use now may be later: it is not confirmed, so it comes again.
        if (mail.kind === 'welcome' && !(await welcome(desk, mail.bytes))) return
        if (mail.kind !== 'welcome') await take(desk, { kind: 'envelope', envelope: mail.bytes })
        confirm()
      }),
  })
  dispatch(desk)
  own(desk, { kind: 'resume' })
  life.spawn('ticks', () => ticks(desk))
  return {
    life,
    get log() {
      return desk.now.log
    },
    take: (input) => own(desk, input),
    offer: () => offer(desk),
    smuggle: (kind, bytes, to) =>
      queue(desk, 'smuggles', async () => {
        await save(desk, withSmuggled(desk.now, addressing, kind, bytes, to))
        dispatch(desk)
      }),
  }
}

/** One after another; what is thrown fails the simulation. */
function queue(desk: Desk, what: string, work: () => Promise<void>): void {
  const next = desk.last.then(() => desk.life.during(work()))
  desk.last = next.catch(() => {})
  desk.life.spawn(what, () => next)
}

async function ticks(desk: Desk): Promise<void> {
  const { clock, random } = desk.life
  await clock.sleep(random.integer(TICK_MS))
  for (;;) {
    await clock.sleep(TICK_MS)
    if (desk.now.log !== null) queue(desk, 'tick', () => take(desk, { kind: 'tick' }))
  }
}

/** In the order in which they were asked for. */
function own(desk: Desk, input: OrderInput): void {
  queue(desk, input.kind, async () => {
    if (desk.now.log === null) return
    try {
      await take(desk, input)
    } catch (error) {
      if (!isHyphaeError(error)) throw error
      desk.life.log('refuses', `${input.kind} ${error.code}`)
    }
  })
}

async function save(desk: Desk, next: Durable): Promise<void> {
  await desk.disk.save(desk.life, next)
  desk.now = next
}

async function take(desk: Desk, input: OrderInput): Promise<void> {
  const { now } = desk
  if (now.log === null) {
    if (input.kind === 'envelope') await save(desk, { ...now, waiting: [...now.waiting, input.envelope] })
    return
  }
  const { log, effects: all } = await step(desk.order, now.log, input)
  const effects = input.kind === 'resume' ? all.filter((effect) => !isUnderway(now, effect)) : all
  // A tick mostly changes nothing; then there is nothing to save.
  if (effects.length === 0 && input.kind === 'tick') {
    desk.now = { ...now, log }
    return
  }
  const sender = string(desk.order.identity.credential)
  desk.around.observe(desk.life.name, now.log, log, effects)
  const words = input.kind === 'message' ? { words: string(input.plaintext), sender } : null
  await save(desk, record(now, log, effects, desk.addressing, words))
  dispatch(desk)
  for (const effect of effects) follow(desk, effect)
}

/** Everything in the outbox that is not on its way in this life. */
function dispatch(desk: Desk): void {
  const { life, around, carried } = desk
  for (const mail of desk.now.outbox) {
    if (carried.has(mail.id)) continue
    carried.add(mail.id)
    for (const to of mail.to) carry(around.office, life, mail, to, () => confirmed(desk, mail, to))
  }
}

/** Durable with whatever is saved next: a confirmation that is forgotten costs a copy. */
function confirmed(desk: Desk, { id }: Mail, to: string): void {
  const outbox = desk.now.outbox.map((mail) =>
    mail.id === id ? { ...mail, to: mail.to.filter((name) => name !== to) } : mail,
  )
  desk.now = { ...desk.now, outbox: outbox.filter((mail) => mail.to.length > 0) }
}

function follow(desk: Desk, effect: Effect): void {
  const { life, around } = desk
  if (effect.kind === 'submit')
    life.spawn('submits', async () => {
      const { parent, envelope } = effect
      const answer = await around.submit(life, parent, envelope)
      own(desk, { kind: 'sequenced', parent, answer })
    })
  if (effect.kind !== 'event') return
  const { event } = effect
  life.log(event.kind, 'epoch' in event ? `epoch ${event.epoch}` : '')
  if (event.kind === 'invitation-void')
    for (const { signatureKey } of event.members) around.invitationVoid(life.name, signatureKey)
  if (event.kind === 'key-package-needed')
    life.spawn('offers', async () => own(desk, { kind: 'key-package', keyPackage: await offer(desk) }))
}

async function offer(desk: Desk): Promise<Uint8Array> {
  const made = await createKeyPackage(desk.order.mls, desk.order.identity)
  const saved = new Promise<void>((resolve) => {
    queue(desk, 'offers', async () => {
      await save(desk, { ...desk.now, offers: [...desk.now.offers, made] })
      resolve()
    })
  })
  await saved
  return made.keyPackage
}

/** The state and the offer that opens it. */
async function opened(desk: Desk, bytes: Uint8Array): Promise<{ state: GroupState; used: Offer } | null> {
  for (const used of desk.now.offers)
    try {
      return { state: await joinGroup(desk.order.mls, { ...used, welcome: bytes }), used }
    } catch (error) {
      if (!isHyphaeError(error)) throw error
    }
  return null
}

/** A Welcome for an epoch that this device has passed by itself is an old one, unless it is lost there. */
function isNews({ log }: Durable, state: GroupState): boolean {
  if (log === null) return true
  const tip = log.nodes.get(log.tip)
  return tip?.active !== true || log.stall?.shown === true || epoch(state) > tip.epoch
}

/** True when nothing more is to be done with it. */
async function welcome(desk: Desk, bytes: Uint8Array): Promise<boolean> {
  const found = await opened(desk, bytes)
  if (found === null) return true
  if (!isNews(desk.now, found.state)) return false
  const { state, used } = found
  const { now } = desk
  const offers = now.offers.filter((one) => one !== used)
  desk.life.log('joins', `epoch ${epoch(state)}`)
  if (now.log !== null) {
    const { log, effects } = await step(desk.order, now.log, { kind: 'joined', state })
    desk.around.observe(desk.life.name, null, log, effects)
    await save(desk, { ...record(now, log, effects, desk.addressing, null), offers, joins: now.joins + 1 })
    dispatch(desk)
    for (const effect of effects) follow(desk, effect)
    return true
  }
  const log = await startLog(desk.order, state)
  await save(desk, { ...now, log, offers, waiting: [], joins: now.joins + 1 })
  for (const envelope of now.waiting) await take(desk, { kind: 'envelope', envelope })
  return true
}
