// Over Nostr alone: a message, a group, and a private message to somebody on any other Nostr client (NIP-17). The relay is
// one of another maker; take `wss://` ones instead, and nothing else changes.
import { silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { createMessenger, type Messenger } from '@hyphae/messenger'
import { createNostr, generateNostrKey, nostr, nostrPerson, textTemplate } from '@hyphae/transport-nostr'
import { startRelay } from './relay.js'

function expect(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what}: expected ${expected}, got ${actual}`)
  console.log(`✓ ${what}: ${expected}`)
}

async function next(node: Messenger): Promise<string | undefined> {
  for await (const message of node.messages({ signal: AbortSignal.timeout(15_000) })) return message.text
  throw new Error('no message came in time')
}

async function joined(node: Messenger): Promise<void> {
  for await (const event of node.events()) if (event.type === 'group-joined') return
}

const relay = await startRelay()
const start = (): Promise<Messenger> => createMessenger({ transports: [nostr([relay.url])] })
const [alice, bob] = [await start(), await start()]

const chat = await alice.conversation(bob.id)
await chat.send('hello over Nostr')
expect('Bob reads', await next(bob), 'hello over Nostr')

const invited = joined(bob)
const group = await alice.createGroup({ name: 'harvest', members: [bob.id] })
await invited
await group.send('meet at noon')
expect('Bob reads in the group', await next(bob), 'meet at noon')
await Promise.all([alice.close(), bob.close()])

// What the relay saw: wraps and application data by keys that are used once or for one note.
const events = [...relay.events.values()]
expect('kinds the relay saw', [...new Set(events.map(({ kind }) => kind))].sort().join(), '1059,30078')
expect(
  'wraps by a key that was used before',
  events.filter(({ kind, pubkey }) => kind === 1059 && events.filter((e) => e.pubkey === pubkey).length > 1)
    .length,
  0,
)

// Carol and Dan have ordinary Nostr keys; either could be on another client.
const components = { clock: systemClock, logger: silentLogger }
const own = createNostr(defaultCrypto)
const carol = nostrPerson([relay.url], components, { key: generateNostrKey(own) })
const dan = nostrPerson([relay.url], components, { key: generateNostrKey(own) })
await dan.announce()
await carol.send(
  textTemplate('the door is open', { recipients: [dan.publicKey], now: Math.floor(Date.now() / 1000) }),
)
for await (const message of dan.messages()) {
  expect('Dan reads', message.kind === 'text' && message.text, 'the door is open')
  break
}
await Promise.all([carol.close(), dan.close()])
await relay.stop()
