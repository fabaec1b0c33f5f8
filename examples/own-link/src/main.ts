// Three nodes without any server: the carrier between them has a link alone and is channel-carrier.ts beside this file,
// and has passed the suite for links before anybody talks over it.
import { createMessenger, type Messenger } from '@hyphae/messenger'
import { channelCarrier } from './channel-carrier.js'
import { checkCarrier } from './suite.js'

await checkCarrier()

const names = ['alice', 'bob', 'cleo']
const [alice, bob, cleo] = (await Promise.all(
  names.map((me) => {
    const others = names.filter((name) => name !== me)
    return createMessenger({ transports: [channelCarrier('own-link', me, others)] })
  }),
)) as [Messenger, Messenger, Messenger]

async function shows(who: string, node: Messenger, text: string): Promise<void> {
  for await (const message of node.messages({ signal: AbortSignal.timeout(20_000) })) {
    if (message.text !== text) throw new Error(`not what was sent: ${message.text}`)
    console.log(`✓ ${who} reads: ${message.text}`)
    return
  }
  throw new Error(`${text} did not come`)
}

const chat = await alice.conversation(bob.id)
const sent = await chat.send('no server between us')
await shows('Bob', bob, 'no server between us')
await alice.reached(sent.id, 'delivered', { signal: AbortSignal.timeout(10_000) })
console.log('✓ delivered')

const group = await alice.createGroup({ name: 'three', members: [bob.id, cleo.id] })
await group.send('and neither among three')
await shows('Bob', bob, 'and neither among three')
await shows('Cleo', cleo, 'and neither among three')

await Promise.all([alice, bob, cleo].map((node) => node.close()))
