/** Whole nodes over it: people are found in the DHT, their prekeys at their own nodes, and mail goes where mailboxes are. */
import type { Transport } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { createMessenger, type Messenger, memoryNetwork } from '@hyphae/messenger'
import { expect, it } from 'vitest'
import { libp2p } from '../src/index.node.js'
import { closeLater, LOOPBACK, node } from './support/nodes.js'

/** Mailboxes and blobs alone: nobody can be found there. */
const mailboxOf =
  (transport: Transport): Transport =>
  async (components) => {
    const { directory: _, ...carrier } = await transport(components)
    return carrier
  }

it('two messengers find each other in the DHT and talk', async () => {
  const meeting = await node()
  const net = memoryNetwork()
  const person = async (): Promise<Messenger> => {
    const carrier = libp2p({
      identity: crypto.ed25519.generate(),
      listen: [LOOPBACK],
      reach: 'local',
      bootstrap: meeting.addresses(),
    })
    const messenger = await createMessenger({ transports: [carrier, mailboxOf(net())] })
    closeLater({ close: () => messenger.close() })
    return messenger
  }
  const [alice, bob] = [await person(), await person()]
  const chat = await alice.conversation(bob.id)
  await chat.send('found in the DHT')
  for await (const message of bob.messages()) {
    expect(message.text).toBe('found in the DHT')
    break
  }
  const back = await bob.conversation(alice.id)
  await back.send('and back')
  for await (const message of alice.messages()) {
    expect(message.text).toBe('and back')
    break
  }
})
