// A plain relay on `ws`: a message goes to the connection whose number is in its first four bytes.
import process from 'node:process'
import { type WebSocket, WebSocketServer } from 'ws'

const peers: WebSocket[] = []
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
server.on('connection', (socket) => {
  peers.push(socket)
  socket.on('message', (data: Buffer) => peers[data.readUInt32LE(0)]?.send(data))
})
server.on('listening', () => {
  process.stdout.write(`ready ${(server.address() as { port: number }).port}\n`)
})
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
