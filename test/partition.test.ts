// A group whose bytes travel over three carriers at once: gossip, relays of Nostr and a relay of Hyphae, all of them live.
// The network comes apart in two, so that each side has another carrier; both sides write, and one changes the group. When
// the network is whole again, everybody has everything.
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Delivery, silentLogger, systemClock, type Transport } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { createMessenger, type Messenger } from '@hyphae/messenger'
import { startRelay } from '@hyphae/relay'
import { libp2p } from '@hyphae/transport-libp2p'
import { nostr } from '@hyphae/transport-nostr'
import { relay } from '@hyphae/transport-relay'
import { afterEach, expect, it } from 'vitest'
import { startRelay as startNostrRelay } from '../packages/transport-nostr/test/support/relay.js'

const ending: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
})

/** A wire that is there or not. */
interface Wire {
  readonly port: number
  set(open: boolean): void
}

async function wireTo(port: number): Promise<Wire> {
  const sockets = new Set<Socket>()
  let isOpen = true
  const server = createServer((socket) => {
    if (!isOpen) return void socket.destroy()
    const onward = connect(port, '127.0.0.1')
    for (const [one, other] of [[socket, onward] as const, [onward, socket] as const]) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const set = (open: boolean): void => {
    isOpen = open
    if (!open) for (const socket of sockets) socket.destroy()
  }
  ending.push(async () => {
    set(false)
    await new Promise((resolve) => server.close(resolve))
  })
  return { port: (server.address() as { port: number }).port, set }
}

interface Gossip {
  readonly transport: Transport
  isOpen: boolean
  heard: number
}

/** Boxes as topics: who listens hears a frame at once, and nobody keeps it, so a put is never more than tried. */
function gossipOf(bootstrap: readonly string[]): Gossip {
  const start = libp2p({
    identity: crypto.ed25519.generate(),
    listen: [],
    reach: 'local',
    bootstrap: [...bootstrap],
  })
  const self: Gossip = {
    isOpen: true,
    heard: 0,
    transport: async (components) => {
      const { topic, ...carrier } = await start(components)
      let cursor = 0
      return {
        name: 'gossip',
        traits: carrier.traits,
        mailbox: {
          put: async (items) => {
            if (self.isOpen)
              for (const { box, frame } of items) await topic.publish(box, frame).catch(() => {})
            throw new Error('gossip keeps nothing')
          },
          fetch: async () => [],
          watch: async function* (box, options): AsyncGenerator<Delivery> {
            for await (const frame of topic.subscribe(box.id, options)) {
              if (!self.isOpen) continue
              self.heard += 1
              cursor += 1
              yield { frame, cursor, ack: async () => {} }
            }
          },
        },
        close: carrier.close,
        [Symbol.asyncDispose]: carrier.close,
      }
    },
  }
  return self
}

interface Person {
  readonly node: Messenger
  readonly read: Set<string>
  /** Which of its carriers reach anybody. */
  reach(open: { relay: boolean; nostr: boolean; gossip: boolean }): void
}

async function person(ports: { relay: number; nostr: number }, meeting: readonly string[]): Promise<Person> {
  const wires = { relay: await wireTo(ports.relay), nostr: await wireTo(ports.nostr) }
  const gossip = gossipOf(meeting)
  const node = await createMessenger({
    transports: [
      relay(`ws://127.0.0.1:${wires.relay.port}`, { unreachableAfterMs: 500, random: () => 0 }),
      nostr([`ws://127.0.0.1:${wires.nostr.port}`], { random: () => 0 }),
      gossip.transport,
    ],
  })
  ending.push(() => node.close())
  const read = new Set<string>()
  void (async () => {
    for await (const { text, from } of node.messages()) read.add(`${from}: ${text}`)
  })().catch(() => {})
  return {
    node,
    read,
    reach: (open) => {
      wires.relay.set(open.relay)
      wires.nostr.set(open.nostr)
      gossip.isOpen = open.gossip
    },
  }
}

async function joined({ node }: Person): Promise<void> {
  for await (const event of node.events()) if (event.type === 'group-joined') return
}

/** Until it works: people's records may still be on their way to a directory. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const end = Date.now() + 25_000
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

const patience = { timeout: 25_000, interval: 50 }

it('a group over gossip, Nostr and a relay comes apart and together again', async () => {
  const hyphae = await startRelay({ data: mkdtempSync(join(tmpdir(), 'hyphae-partition-')), port: 0 })
  ending.push(() => hyphae.close())
  const nostrRelay = await startNostrRelay()
  ending.push(nostrRelay.stop)
  const meeting = await libp2p({
    identity: crypto.ed25519.generate(),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    reach: 'local',
  })({ clock: systemClock, logger: silentLogger })
  ending.push(() => meeting.close())
  const ports = { relay: Number(new URL(hyphae.url).port), nostr: nostrRelay.port }
  const people = await Promise.all(Array.from({ length: 4 }, () => person(ports, meeting.addresses())))
  const [ada, ben, cem, dan] = people as [Person, Person, Person, Person]
  const invited = [ben, cem].map(joined)
  const members = [ben.node.id, cem.node.id]
  const group = await eventually(() => ada.node.createGroup({ name: 'both banks', members }))
  await Promise.all(invited)
  const say = async (who: Person, text: string): Promise<string> => {
    await (await who.node.group(group.id)).send(text)
    return `${who.node.id}: ${text}`
  }
  const whole = await say(ada, 'while the bridge stands')
  await expect.poll(() => [ben, cem].every(({ read }) => read.has(whole)), patience).toBe(true)

  // Ada and Dan on one bank, with the relay; Ben and Cem on the other, with Nostr and gossip.
  for (const one of [ada, dan]) one.reach({ relay: true, nostr: false, gossip: false })
  for (const one of [ben, cem]) one.reach({ relay: false, nostr: true, gossip: true })
  const invitedLater = joined(dan)
  await eventually(() => group.add([dan.node.id]))
  await invitedLater
  const left = [await say(ada, 'Dan is one of us'), await say(dan, 'glad to be here')]
  const right = [await say(ben, 'the water rises'), await say(cem, 'we stay on this side')]
  await expect
    .poll(() => ada.read.has(left[1] as string) && dan.read.has(left[0] as string), patience)
    .toBe(true)
  await expect
    .poll(() => ben.read.has(right[1] as string) && cem.read.has(right[0] as string), patience)
    .toBe(true)
  expect([...ada.read, ...dan.read].filter((line) => right.includes(line))).toEqual([])
  expect([...ben.read, ...cem.read].filter((line) => left.includes(line))).toEqual([])

  for (const one of people) one.reach({ relay: true, nostr: true, gossip: true })
  const has = (who: Person, lines: string[]): boolean =>
    lines.every((line) => line.startsWith(who.node.id) || who.read.has(line))
  for (const who of [ada, ben, cem])
    await expect.poll(() => has(who, [...left, ...right]), patience).toBe(true)
  const again = await Promise.all(people.map((who, index) => say(who, `after the flood ${index}`)))
  for (const who of people) {
    await expect.poll(() => has(who, again), patience).toBe(true)
    const found = await (await who.node.group(group.id)).members()
    expect(found.sort()).toEqual(people.map(({ node }) => node.id).sort())
  }
}, 120_000)
