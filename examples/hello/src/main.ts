// A first message in ten lines: two nodes on a network in memory.
import { createMessenger, memoryNetwork } from '@hyphae/messenger'

const net = memoryNetwork()
const alice = await createMessenger({ transports: [net()] })
const bob = await createMessenger({ transports: [net()] })
const chat = await alice.conversation(bob.id)
await chat.send('hello')
for await (const message of bob.messages()) {
  console.log(message.text)
  if (message.text !== 'hello' || message.from !== alice.id) throw new Error('not what alice sent')
  break
}
await Promise.all([alice.close(), bob.close()])
