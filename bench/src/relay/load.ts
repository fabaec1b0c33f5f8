// The load every broker of the durable comparison gets: 50 connections, 1,000 boxes, 512 bytes, and a message counts
// when its sender has the broker's acknowledgement and its recipient has acknowledged it.
import { setImmediate as turn } from 'node:timers/promises'
import { cpuSeconds } from './processes.ts'

export const CONNECTIONS = 50
export const BOXES = 1_000
export const FRAME_BYTES = 512

/** A power of two well above all messages in flight. */
export const NUMBERS = 1 << 17

export interface LoadEvents {
  /** The broker has acknowledged message `number` to its sender. */
  stored(number: number): void
  /** The recipient has got it. */
  delivered(number: number): void
  /** The recipient's acknowledgement is with the broker: confirmed where the broker confirms, else sent. */
  acknowledged(number: number): void
}

/** One connection: watches the boxes `b` with b % CONNECTIONS = its index. */
export interface Member {
  /** Gathers one message for a box; the number is in the frame's first four bytes. */
  send(box: number, number: number): void
  /** Writes what is gathered, in one write. */
  flush(): void
  close(): void
}

export interface Broker {
  readonly name: string
  readonly pid: number
  connect(index: number, events: LoadEvents): Promise<Member>
  stop(): Promise<void>
}

export interface Crowd {
  readonly broker: Broker
  readonly members: readonly Member[]
  /** What the load in progress wants to know. */
  events: LoadEvents
  next: number
}

const NOBODY: LoadEvents = { stored: () => {}, delivered: () => {}, acknowledged: () => {} }

export async function gather(broker: Broker): Promise<Crowd> {
  const members: Member[] = []
  const crowd: Crowd = { broker, members, events: NOBODY, next: 0 }
  const events: LoadEvents = {
    stored: (number) => crowd.events.stored(number),
    delivered: (number) => crowd.events.delivered(number),
    acknowledged: (number) => crowd.events.acknowledged(number),
  }
  for (let i = 0; i < CONNECTIONS; i++) members.push(await broker.connect(i, events))
  return crowd
}

export interface Throughput {
  readonly perSecond: number
  readonly cpuMicros: number
  readonly serverBusy: number
}

/** Multiplicative steps visit all boxes in an order that is not the connections'. */
function boxOf(number: number): number {
  return (number * 7919) % BOXES
}

/** Keeps `window` messages of each connection on their way for `seconds`; resolves when all have arrived. */
export async function saturate(crowd: Crowd, window: number, seconds: number): Promise<Throughput> {
  const { members, broker } = crowd
  const halves = new Uint8Array(NUMBERS)
  const dirty = new Uint8Array(CONNECTIONS)
  let running = true
  let inFlight = 0
  let finished = 0
  let scheduled = false
  let drained = (): void => {}
  const flush = (): void => {
    scheduled = false
    for (let i = 0; i < CONNECTIONS; i++) {
      if (dirty[i] === 0) continue
      dirty[i] = 0
      members[i]?.flush()
    }
  }
  const send = (): void => {
    const number = crowd.next
    crowd.next = (number + 1) & (NUMBERS - 1)
    halves[number] = 0
    const sender = number % CONNECTIONS
    members[sender]?.send(boxOf(number), number)
    dirty[sender] = 1
    inFlight += 1
    if (!scheduled) {
      scheduled = true
      setImmediate(flush)
    }
  }
  const half = (number: number): void => {
    halves[number] = (halves[number] as number) + 1
    if (halves[number] !== 2) return
    inFlight -= 1
    finished += 1
    if (running) send()
    else if (inFlight === 0) drained()
  }
  crowd.events = { stored: half, delivered: () => {}, acknowledged: half }
  const done = new Promise<void>((resolve) => {
    drained = resolve
  })
  for (let i = 0; i < window * CONNECTIONS; i++) send()
  const cpu = cpuSeconds(broker.pid)
  const begun = performance.now()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  const spent = (performance.now() - begun) / 1000
  const used = cpuSeconds(broker.pid) - cpu
  const count = finished
  running = false
  if (inFlight > 0) await done
  crowd.events = NOBODY
  return { perSecond: count / spent, cpuMicros: (used * 1e6) / count, serverBusy: used / spent }
}

export interface Latency {
  readonly p50: number
  readonly p99: number
  readonly cpuMicros: number
  readonly perSecond: number
}

/** `perSecond` messages at even distances for `seconds`; ms from the sender's call to the recipient's frame. */
export async function pace(crowd: Crowd, perSecond: number, seconds: number): Promise<Latency> {
  const { members, broker } = crowd
  const total = Math.round(perSecond * seconds)
  const due = new Float64Array(NUMBERS)
  const took = new Float64Array(total)
  let arrived = 0
  let settled = 0
  let drained = (): void => {}
  const settle = (): void => {
    settled += 1
    if (settled === 2 * total) drained()
  }
  const delivered = (number: number): void => {
    took[arrived++] = performance.now() - (due[number] as number)
  }
  crowd.events = { stored: settle, delivered, acknowledged: settle }
  const done = new Promise<void>((resolve) => {
    drained = resolve
  })
  const cpu = cpuSeconds(broker.pid)
  const begun = performance.now()
  for (let sent = 0; sent < total; ) {
    const now = performance.now()
    const wanted = Math.min(total, Math.floor(((now - begun) * perSecond) / 1000))
    const senders = new Set<Member>()
    for (; sent < wanted; sent++) {
      const number = crowd.next
      crowd.next = (number + 1) & (NUMBERS - 1)
      // From the moment it should have left: a client that is late does not hide it.
      due[number] = begun + (sent * 1000) / perSecond
      const member = members[number % CONNECTIONS] as Member
      member.send(boxOf(number), number)
      senders.add(member)
    }
    for (const member of senders) member.flush()
    await turn()
  }
  await done
  const spent = (performance.now() - begun) / 1000
  const used = cpuSeconds(broker.pid) - cpu
  crowd.events = NOBODY
  took.sort()
  const at = (part: number): number => took[Math.min(total - 1, Math.floor(total * part))] as number
  return { p50: at(0.5), p99: at(0.99), cpuMicros: (used * 1e6) / total, perSecond: total / spent }
}

/** Ends the connections and the server. */
export async function disperse({ members, broker }: Crowd): Promise<void> {
  for (const member of members) member.close()
  await broker.stop()
}
