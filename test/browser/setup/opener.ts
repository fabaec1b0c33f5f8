// A second thread of the same origin that opens a store and says how it went: what another tab would do.
import { isHyphaeError } from '@hyphae/core'
import { levelStore } from '@hyphae/store/level'

addEventListener('message', async ({ data }: MessageEvent<{ name: string; key: Uint8Array }>) => {
  try {
    const store = await levelStore(data.name, { key: data.key })
    await store.close()
    postMessage('opened')
  } catch (error) {
    postMessage(isHyphaeError(error) ? error.code : String(error))
  }
})
