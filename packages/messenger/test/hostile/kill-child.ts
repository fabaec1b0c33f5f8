/** A node in a process of its own that logs every message it hands out, until it is killed. */
import { createMessenger } from '@hyphae/messenger'
import { levelStore } from '@hyphae/store/level'
import { relay } from '@hyphae/transport-relay'

const [url, folder] = process.argv.slice(2) as [string, string]
const node = await createMessenger({
  transports: [relay(url)],
  store: await levelStore(folder, { key: new Uint8Array(32).fill(7) }),
})
process.send?.({ id: node.id })
for await (const { from, text, redelivered } of node.messages()) {
  process.send?.({ text, redelivered })
  // Every message is answered, so that sending is interrupted too.
  await (await node.conversation(from)).send(`got ${text}`)
}
