// A file over a real relay, with stores on disk that are encrypted with a passphrase.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMessenger } from '@hyphae/messenger'
import { startRelay } from '@hyphae/relay'
import { levelStore } from '@hyphae/store/level'
import { relay } from '@hyphae/transport-relay'

const folder = await mkdtemp(join(tmpdir(), 'hyphae-file-'))
const server = await startRelay({ data: join(folder, 'relay'), port: 0 })
const node = async (name: string) =>
  createMessenger({
    transports: [relay(server.url)],
    store: await levelStore(join(folder, name), { passphrase: `a passphrase of ${name}'s` }),
  })
const [alice, bob] = [await node('alice'), await node('bob')]

const photo = crypto.getRandomValues(new Uint8Array(60_000))
const chat = await alice.conversation(bob.id)
await chat.sendFile({
  name: 'photo.jpg',
  mediaType: 'image/jpeg',
  data: photo,
  onProgress: ({ done, total }) => console.log(`sent ${done} of ${total} bytes`),
})

for await (const message of bob.messages()) {
  const received = await bob.downloadFile(message)
  console.log(`received ${message.file?.name}, ${received.length} bytes`)
  if (Buffer.compare(received, photo) !== 0) throw new Error('the file is not what alice sent')
  break
}
await Promise.all([alice.close(), bob.close()])
await server.close()
await rm(folder, { recursive: true })
