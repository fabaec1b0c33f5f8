// Two nodes that share nothing but a folder; the carrier is folder-carrier.ts beside this file.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMessenger } from '@hyphae/messenger'
import { folderCarrier } from './folder-carrier.js'

const folder = await mkdtemp(join(tmpdir(), 'hyphae-folder-'))
const alice = await createMessenger({ transports: [folderCarrier(folder)] })
const bob = await createMessenger({ transports: [folderCarrier(folder)] })

const chat = await alice.conversation(bob.id)
const sent = await chat.send('carried by a folder')
for await (const message of bob.messages()) {
  console.log(message.text)
  if (message.text !== 'carried by a folder') throw new Error('not what alice sent')
  break
}
await alice.reached(sent.id, 'delivered', { signal: AbortSignal.timeout(10_000) })
console.log('delivered')

await Promise.all([alice.close(), bob.close()])
await rm(folder, { recursive: true })
