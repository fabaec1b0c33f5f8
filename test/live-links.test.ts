// Whole nodes over real links and nothing else: sockets of this machine, datagrams, a serial cable, libp2p; and a relay
// beside a link, which is used when the link is gone.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Carrier, type Transport, toHex } from '@hyphae/core'
import { defaultCrypto as crypto, type Ed25519PrivateKey } from '@hyphae/crypto'
import { createMessenger, type Messenger } from '@hyphae/messenger'
import { startRelay } from '@hyphae/relay'
import { type Libp2pCarrier, libp2p } from '@hyphae/transport-libp2p'
import { type LinkCarrier, link } from '@hyphae/transport-link'
import { relay } from '@hyphae/transport-relay'
import { afterEach, describe, expect, it } from 'vitest'

const closing: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close()
})

async function person(...transports: Transport[]): Promise<Messenger> {
  const messenger = await createMessenger({ transports })
  closing.push(messenger)
  return messenger
}

/** The transport, and its carrier once it has started. */
function kept<C extends Carrier>(transport: (parts: Parameters<Transport>[0]) => Promise<C>) {
  const self: { transport: Transport; carrier: C | undefined } = {
    transport: async (parts) => {
      self.carrier = await transport(parts)
      return self.carrier
    },
    carrier: undefined,
  }
  return self
}

async function nextText(node: Messenger): Promise<string | undefined> {
  for await (const message of node.messages({ signal: AbortSignal.timeout(20_000) })) return message.text
  throw new Error('nothing came in time')
}

/** First contact, both directions, and word that it has arrived. */
async function talk(alice: Messenger, bob: Messenger): Promise<void> {
  const chat = await alice.conversation(bob.id)
  const sent = await chat.send('there')
  expect(await nextText(bob)).toBe('there')
  await alice.reached(sent.id, 'delivered', { signal: AbortSignal.timeout(20_000) })
  await (await bob.conversation(alice.id)).send('and back')
  expect(await nextText(alice)).toBe('and back')
}

/** Without a directory: whom it speaks with is asked, not the DHT. */
const linkOf =
  (transport: Transport): Transport =>
  async (parts) => {
    const { directory: _, ...carrier } = await transport(parts)
    return carrier
  }

const idOf = (key: Ed25519PrivateKey): string => toHex(key.publicKey)
const socketPath = (): string => `unix:${join(mkdtempSync(join(tmpdir(), 'hyphae-live-')), 'link')}`

/** Bob listens; Alice knows where, and he knows nothing of her. */
function pair(at: string) {
  const [aliceKey, bobKey] = [crypto.ed25519.generate(), crypto.ed25519.generate()]
  const bob = kept<LinkCarrier>(link({ identity: bobKey, listen: [at] }))
  const alice = kept<LinkCarrier>(
    link({
      identity: aliceKey,
      peers: [idOf(bobKey)],
      addresses: () => bob.carrier?.listening ?? [],
    }),
  )
  return { alice, bob }
}

describe('a messenger over a link alone', () => {
  for (const [name, at] of [
    ['a Unix socket', socketPath],
    ['TCP', () => 'tcp://127.0.0.1:0'],
    ['UDP', () => 'udp://127.0.0.1:0'],
  ] as const)
    it(name, async () => {
      const links = pair(at())
      const bob = await person(links.bob.transport)
      await talk(await person(links.alice.transport), bob)
    })

  it.skipIf(spawnSync('socat', ['-V']).status !== 0)('a serial cable', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hyphae-serial-'))
    const ends = [join(folder, 'a'), join(folder, 'b')] as const
    const cable = spawn(
      'socat',
      ends.map((path) => `pty,rawer,link=${path}`),
      { stdio: 'ignore' },
    )
    closing.push({
      close: async () => {
        const gone = once(cable, 'exit')
        cable.kill()
        await gone
      },
    })
    while (!ends.every((path) => existsSync(path))) await new Promise((resolve) => setTimeout(resolve, 5))
    const [aliceKey, bobKey] = [crypto.ed25519.generate(), crypto.ed25519.generate()]
    const bob = await person(link({ identity: bobKey, listen: [`serial:${ends[1]}?baud=57600`] }))
    const alice = link({
      identity: aliceKey,
      peers: [idOf(bobKey)],
      addresses: () => [`serial:${ends[0]}?baud=57600`],
    })
    await talk(await person(alice), bob)
  })

  it('libp2p', async () => {
    const [aliceKey, bobKey] = [crypto.ed25519.generate(), crypto.ed25519.generate()]
    const options = { listen: ['/ip4/127.0.0.1/tcp/0'], reach: 'local' } as const
    const bob = kept<Libp2pCarrier>(libp2p({ ...options, identity: bobKey }))
    const bobNode = await person(linkOf(bob.transport))
    const addresses = (): string[] => bob.carrier?.addresses() ?? []
    const alice = libp2p({
      ...options,
      identity: aliceKey,
      peers: [idOf(bobKey)],
      bootstrap: addresses(),
      addresses,
    })
    await talk(await person(linkOf(alice)), bobNode)
  })
})

describe('a link and a relay at once', () => {
  it('the link carries while it works, the relay when it is gone: nothing lost, nothing twice', async () => {
    const server = await startRelay({ data: mkdtempSync(join(tmpdir(), 'hyphae-relay-')), port: 0 })
    closing.push(server)
    const links = pair(socketPath())
    let open = (): void => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    // What is put to the relay at first is not answered: whatever arrives meanwhile has not waited for it.
    const slow: Transport = async (parts) => {
      const carrier = await relay(server.url)(parts)
      const put: typeof carrier.mailbox.put = async (items, options) => {
        await opened
        await carrier.mailbox.put(items, options)
      }
      return { ...carrier, mailbox: { ...carrier.mailbox, put } }
    }
    const bob = await person(links.bob.transport, relay(server.url))
    const alice = await person(links.alice.transport, slow)
    const chat = await alice.conversation(bob.id)
    await alice.reached((await chat.send('first')).id, 'delivered')
    const texts = ['first']
    for (let index = 0; index < 5; index++) {
      const sent = await chat.send(`near ${index}`)
      texts.push(`near ${index}`)
      await alice.reached(sent.id, 'delivered', { signal: AbortSignal.timeout(5_000) })
    }
    open()
    await links.bob.carrier?.close()
    for (let index = 0; index < 5; index++) {
      const sent = await chat.send(`far ${index}`)
      texts.push(`far ${index}`)
      await alice.reached(sent.id, 'delivered', { signal: AbortSignal.timeout(20_000) })
    }
    const shown: (string | undefined)[] = []
    for await (const message of bob.messages({ signal: AbortSignal.timeout(20_000) })) {
      shown.push(message.text)
      if (shown.length === texts.length) break
    }
    expect(shown).toEqual(texts)
    expect((await (await bob.conversation(alice.id)).history()).length).toBe(texts.length)
  })

  it('a node that was closed, and missed what was said, has all of it when it comes back', async () => {
    const links = pair(socketPath())
    const alice = await person(links.alice.transport)
    const { memoryStore } = await import('@hyphae/store')
    const disk = memoryStore()
    const store = { ...disk, close: async () => {}, [Symbol.asyncDispose]: async () => {} }
    const start = () => createMessenger({ transports: [links.bob.transport], store })
    const bob = await start()
    const chat = await alice.conversation(bob.id)
    await chat.send('known')
    expect(await nextText(bob)).toBe('known')
    await bob.close()
    const missed = await Promise.all([0, 1, 2].map((index) => chat.send(`missed ${index}`)))
    const again = await start()
    closing.push(again)
    const shown: (string | undefined)[] = []
    for await (const message of again.messages({ signal: AbortSignal.timeout(30_000) })) {
      shown.push(message.text)
      if (shown.length === 3) break
    }
    expect(shown.sort()).toEqual(['missed 0', 'missed 1', 'missed 2'])
    for (const { id } of missed) await alice.reached(id, 'delivered', { signal: AbortSignal.timeout(20_000) })
  })
})
