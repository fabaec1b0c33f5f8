// A group of three: everyone reads everyone, and who is removed reads on no more.
import { createMessenger, type IncomingMessage, type Messenger, memoryNetwork } from '@hyphae/messenger'

const net = memoryNetwork()
const open = (): Promise<Messenger> => createMessenger({ transports: [net()] })
const [ada, ben, cleo] = await Promise.all([open(), open(), open()])

/** The next message of a node, read from its durable place. */
async function next(node: Messenger): Promise<IncomingMessage> {
  for await (const message of node.messages({ signal: AbortSignal.timeout(10_000) })) return message
  throw new Error('no message came in time')
}

function expect(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what}: expected ${expected}, got ${actual}`)
  console.log(`✓ ${what}: ${expected}`)
}

const joined = Promise.all([ben, cleo].map(waitForGroup))
const group = await ada.createGroup({ name: 'harvest', members: [ben.id, cleo.id] })
const [bens] = await joined

await group.send('meet at noon')
expect('Ben reads', (await next(ben)).text, 'meet at noon')
expect('Cleo reads', (await next(cleo)).text, 'meet at noon')

await bens?.send('I bring bread')
expect('Ada reads', (await next(ada)).text, 'I bring bread')
expect('Cleo reads it too, from', (await next(cleo)).from, ben.id)

await group.remove([cleo.id])
await group.send('only for two')
expect('Ben reads, after Cleo was removed', (await next(ben)).text, 'only for two')
expect('members', (await group.members()).length, 2)
const late = await Promise.race([
  next(cleo).catch(() => 'nothing'),
  new Promise((done) => setTimeout(done, 500, 'nothing')),
])
expect('Cleo reads', late, 'nothing')
await Promise.all([ada.close(), ben.close(), cleo.close()])

async function waitForGroup(node: Messenger): Promise<Awaited<ReturnType<Messenger['group']>>> {
  for await (const event of node.events()) if (event.type === 'group-joined') return node.group(event.group)
  throw new Error('never joined')
}
