// One node of the demo: a process of its own with a store on disk, told what to do by the demo over IPC.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Carrier, GroupId, Mailbox, MessageId, Transport } from '@hyphae/core'
import { accountKey } from '@hyphae/identity'
import { createMessenger, type IncomingMessage, type Messenger } from '@hyphae/messenger'
import { levelStore } from '@hyphae/store/level'
import { relay } from '@hyphae/transport-relay'
import type { Command, Report, Request } from './protocol.js'

const [relayUrl, folder, passphrase, handle] = process.argv.slice(2) as [string, string, string, string]
const report = (what: Report): void => void process.send?.(what)
let dieBeforeAck = false
let mailboxSeen = ''

const node = await createMessenger({
  transports: [deadlyWhenAsked(relay(relayUrl))],
  store: await levelStore(folder, { passphrase }),
  handles: [handle],
})
process.on('message', (request: Request) => void answer(request))
// Without the demo there is nobody to serve.
process.on('disconnect', () => process.exit())
void readMessages()
void readEvents()
report({
  report: 'ready',
  id: node.id,
  secrets: [node.id, Buffer.from(accountKey(node.id)).toString('hex'), handle],
  mailbox: mailboxSeen,
})

/** Passes everything through; when told so, the process dies between storing a delivery and acknowledging it. */
function deadlyWhenAsked(transport: Transport): Transport {
  return async (components) => {
    const carrier = await transport(components)
    const inner = carrier.mailbox as Mailbox
    const mailbox: Mailbox = {
      put: (items, options) => inner.put(items, options),
      fetch: (box, options) => inner.fetch(box, options),
      watch: async function* (box, options) {
        mailboxSeen ||= Buffer.from(box.id).toString('hex')
        for await (const delivery of inner.watch(box, options)) {
          yield { ...delivery, ack: () => (dieBeforeAck ? die() : delivery.ack()) }
        }
      },
    }
    return Object.assign(Object.create(carrier) as Carrier, { mailbox })
  }
}

function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL')
  return new Promise(() => {})
}

async function answer({ id, command }: Request): Promise<void> {
  try {
    const result = await run(node, command)
    report({ report: 'reply', to: id, result })
    if (command.do === 'close') process.disconnect()
  } catch (error) {
    report({ report: 'reply', to: id, error: error instanceof Error ? error.message : String(error) })
  }
}

async function run(messenger: Messenger, command: Command): Promise<unknown> {
  switch (command.do) {
    case 'send':
      return (await (await messenger.conversation(command.to)).send(command.text)).id
    case 'send-group':
      return (await (await messenger.group(command.group as GroupId)).send(command.text)).id
    case 'create-group':
      return (await messenger.createGroup({ name: command.name, members: command.members as never })).id
    case 'add':
      return (await messenger.group(command.group as GroupId)).add([command.member as never])
    case 'remove':
      return (await messenger.group(command.group as GroupId)).remove([command.member as never])
    case 'send-file':
      return sendFile(messenger, command.to, command.path)
    case 'status':
      return (await messenger.status(command.id as MessageId)).state
    case 'history':
      return (await (await messenger.conversation(command.with)).history({ limit: 1000 })).map(
        (message) => message.text,
      )
    case 'die-before-ack':
      dieBeforeAck = true
      return undefined
    case 'close':
      return messenger.close()
  }
}

async function sendFile(messenger: Messenger, to: string, path: string): Promise<string> {
  const { size } = await stat(path)
  const chat = await messenger.conversation(to)
  const sent = await chat.sendFile({
    name: basename(path),
    data: size > 1_000_000 ? { size, stream: () => createReadStream(path) } : await readFile(path),
    onProgress: ({ done, total }) => report({ report: 'progress', way: 'up', done, total }),
  })
  return sent.id
}

async function readMessages(): Promise<void> {
  for await (const message of node.messages()) {
    if (message.file !== undefined) await receiveFile(message)
    else {
      const { text = '', from, redelivered } = message
      const group = message.place.kind === 'group' ? { group: message.place.group } : {}
      report({ report: 'message', from, text, redelivered, ...group })
    }
  }
}

async function receiveFile(message: IncomingMessage): Promise<void> {
  const hash = createHash('sha256')
  let size = 0
  const onProgress = ({ done, total }: { done: number; total: number }): void =>
    report({ report: 'progress', way: 'down', done, total })
  for await (const piece of node.streamFile(message, { onProgress })) {
    hash.update(piece)
    size += piece.length
  }
  report({
    report: 'file',
    from: message.from,
    file: { name: message.file?.name ?? '', size, sha256: hash.digest('hex') },
  })
}

async function readEvents(): Promise<void> {
  for await (const event of node.events()) {
    if (event.type === 'group-joined') report({ report: 'joined', group: event.group })
    if (event.type === 'group-left') report({ report: 'left', group: event.group })
  }
}
