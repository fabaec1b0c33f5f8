/** A relay as a process: `relay <folder> <port>`. Prints its URL when it listens, or the code of its error. */
import { isHyphaeError } from '@hyphae/core'
import { startRelay } from '@hyphae/relay'

const [data = '', port = '0'] = process.argv.slice(2)
try {
  const relay = await startRelay({ data, port: Number(port) })
  console.log(relay.url)
  process.stdin.resume()
  process.stdin.on('end', () => relay.close())
} catch (error) {
  console.log(isHyphaeError(error) ? `${error.code} ${error.hint}` : String(error))
}
