// Asks the carrier what every link must do. With a test framework: `for (const { name, run } of cases) test(name, run)`.
import { silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type LinkSubject, linkCompliance } from '@hyphae/testkit'
import { channelCarrier } from './channel-carrier.js'

const components = { clock: systemClock, logger: silentLogger }

async function twoNodes(): Promise<LinkSubject> {
  const room = crypto.randomBytes(8).join()
  const carrier = await channelCarrier(room, 'near', ['far'])(components)
  const other = await channelCarrier(room, 'far', ['near'])(components)
  const stranger = new BroadcastChannel(room)
  return {
    carrier,
    other,
    carrierName: 'near',
    otherName: 'far',
    stranger: 'nobody',
    // A channel cannot be cut; but anybody in the room can talk nonsense.
    garble: async (bytes) => stranger.postMessage({ from: 'stranger', to: 'far', frame: bytes.subarray(1) }),
    dispose: async () => {
      stranger.close()
      await Promise.all([carrier.close(), other.close()])
    },
  }
}

export async function checkCarrier(): Promise<void> {
  for (const { name, run } of linkCompliance(twoNodes, { crypto })) {
    let outcome = 'ok'
    await run({
      skip: (reason) => {
        outcome = reason
      },
    })
    console.log(`${name}: ${outcome}`)
  }
}
