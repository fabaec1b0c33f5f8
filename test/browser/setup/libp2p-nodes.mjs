// Nodes on loopback for pages to speak with: one that listens with WebSocket and says every frame back, a relay, and one
// that only the relay can reach and that says every frame back too. Prints where they are as its first line, and ends
// with its standard input. A process of its own: the test runner would give it the parts for browsers.
import process from 'node:process'
import { fromHex, silentLogger, systemClock } from '../../../packages/core/dist/index.js'
import { defaultCrypto as crypto } from '../../../packages/crypto/dist/index.node.js'
import { libp2p } from '../../../packages/transport-libp2p/dist/index.node.js'

const WEBSOCKET = '/ip4/127.0.0.1/tcp/0/ws'
const TOPIC = '0123456789abcdef'.repeat(4)

function start(options) {
  const identity = crypto.ed25519.generate()
  return libp2p({ identity, reach: 'local', ...options })({ clock: systemClock, logger: silentLogger })
}

async function sayBack({ link }) {
  for await (const { peer, frame } of link.frames()) await link.send(peer, frame).catch(() => {})
}

/** Says again what it hears, with its first byte turned: so it does not answer itself. */
async function sayAgain({ topic }) {
  for await (const frame of topic.subscribe(fromHex(TOPIC))) {
    frame[0] ^= 0xff
    if (frame[0] >= 0x80) await topic.publish(fromHex(TOPIC), frame).catch(() => {})
  }
}

const relay = await start({ listen: [WEBSOCKET], relay: true })
const echo = await start({ listen: [WEBSOCKET], bootstrap: relay.addresses() })
const hidden = await start({ listen: [`${relay.addresses()[0]}/p2p-circuit`] })
for (const one of [echo, hidden]) void sayBack(one)
void sayAgain(echo)
while (hidden.addresses().length === 0) await systemClock.sleep(20)
const said = {
  echo: { device: echo.device, addresses: echo.addresses() },
  hidden: { device: hidden.device, addresses: hidden.addresses() },
  relay: relay.addresses(),
  topic: TOPIC,
}
process.stdout.write(`${JSON.stringify(said)}\n`)
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
