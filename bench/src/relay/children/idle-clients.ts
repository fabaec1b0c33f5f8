// Holds sockets that have opened a box: `idle-clients <port> <count>`. Says `ready <count>` when all are authenticated.
import { connect, type Socket } from 'node:net'
import process from 'node:process'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { encodeRequests, openProof } from '@hyphae/transport-relay/wire'
import { maskedFrame, UPGRADE } from '../websocket.ts'

const [port = 0, count = 0] = process.argv.slice(2).map(Number)

/** Connections being made at once. */
const AT_ONCE = 64
const FRAME_HEADER = 2
const HELLO_BYTES = FRAME_HEADER + 44
const OK_BYTES = FRAME_HEADER + 12
const OK_CODE = 129

// Whatever ends the benchmark ends its clients, also while they connect.
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))

const held: Socket[] = []

function openBox(socket: Socket, challenge: Uint8Array): void {
  const key = crypto.ed25519.generate()
  const signature = crypto.ed25519.sign(key, openProof(challenge, '127.0.0.1', key.publicKey))
  socket.write(maskedFrame(encodeRequests([{ kind: 'open', request: 1, box: key.publicKey, signature }])))
}

/** Resolves when the relay has said ok to the proof. */
function authenticate(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let bytes = Buffer.alloc(0)
    let asked = false
    const take = (data: Buffer): void => {
      bytes = Buffer.concat([bytes, data])
      const head = bytes.indexOf('\r\n\r\n')
      if (head < 0) return
      const frames = bytes.subarray(head + 4)
      if (!asked && frames.length >= HELLO_BYTES) {
        asked = true
        openBox(socket, Uint8Array.from(frames.subarray(14, 46)))
      }
      if (frames.length < HELLO_BYTES + OK_BYTES) return
      if (frames[HELLO_BYTES + FRAME_HEADER + 4] !== OK_CODE) reject(new Error('the box was not opened'))
      socket.off('data', take)
      held.push(socket)
      resolve()
    }
    socket.on('data', take)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed')))
    socket.write(UPGRADE)
  })
}

let begun = 0
async function worker(): Promise<void> {
  while (begun < count) {
    begun += 1
    await authenticate()
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, worker))
process.stdout.write(`ready ${held.length}\n`)
