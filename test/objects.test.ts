// Objects over encrypted links on radios, as the benchmark measures them: what is promised holds in every run. And files
// of messengers whose carriers have links and nothing else.
import { isHyphaeError } from '@hyphae/core'
import { createMessenger, type LoggedMessage, type Messenger } from '@hyphae/messenger'
import { withObjects } from '@hyphae/objects'
import { memoryStore } from '@hyphae/store'
import { expect, it, onTestFinished } from 'vitest'
import { runObjects } from '../bench/src/transports/objects.js'
import { testWire } from '../packages/messenger/test/links.js'

it('an object of 1 KB takes at most 12 seconds at 1 kbps; a photo for faster links is described and stays off it', async () => {
  const run = await runObjects(1_000)
  expect(run.seconds).toBeLessThanOrEqual(12)
  expect(run.describedSeconds).toBeLessThan(5)
  expect(run.photoBytes).toBe(0)
})

async function download(node: Messenger, message: LoggedMessage): Promise<Uint8Array> {
  for (;;) {
    try {
      return await node.downloadFile(message)
    } catch (error) {
      if (!isHyphaeError(error) || !error.retryable) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

it('a file goes over a link that carries nothing but frames', async () => {
  const wire = testWire()
  const person = async (name: string, peer: string): Promise<Messenger> => {
    const transport = withObjects(wire.transport(name, [peer]), { store: memoryStore() })
    const messenger = await createMessenger({ transports: [transport] })
    onTestFinished(() => messenger.close())
    return messenger
  }
  const [ada, ben] = [await person('ada', 'ben'), await person('ben', 'ada')]
  const data = new Uint8Array(150_000).map((_, i) => (i * 7) % 251)
  const sent = await (await ada.conversation(ben.id)).sendFile({ name: 'photo', data })
  for await (const message of ben.messages()) {
    expect(await download(ben, message)).toEqual(data)
    break
  }
  await ada.reached(sent.id, 'delivered')
})
