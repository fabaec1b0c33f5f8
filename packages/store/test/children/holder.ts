/** Child process: opens the level store in argv[2], says what happened, and holds it until stdin closes. */
import { isHyphaeError } from '@hyphae/core'
import { levelStore } from '@hyphae/store/level'

const [, , location = ''] = process.argv

try {
  const store = await levelStore(location, { key: new Uint8Array(32).fill(7) })
  process.stdout.write('open\n')
  process.stdin.resume()
  process.stdin.once('end', async () => {
    await store.close()
    process.exit(0)
  })
} catch (error) {
  process.stdout.write(`${isHyphaeError(error) ? `${error.code} ${error.hint}` : String(error)}\n`)
}
