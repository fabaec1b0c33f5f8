import { silentLogger, systemClock, toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import { dataChannelBytes, type LinkCarrier, link } from '../src/index.js'
import { link as nodeLink } from '../src/index.node.js'
import { channelPair } from './support/channels.js'
import { closeLater, frameOf } from './support/links.js'

const components = { clock: systemClock, logger: silentLogger }

async function start(make: typeof link, options: Partial<Parameters<typeof link>[0]> = {}) {
  const key = crypto.ed25519.generate()
  const carrier = await make({ ...options, identity: key })(components)
  closeLater(carrier)
  return { carrier, id: toHex(key.publicKey) }
}

async function first(carrier: LinkCarrier): Promise<{ peer: string; frame: Uint8Array }> {
  for await (const received of carrier.link.frames()) return received
  throw new Error('closed')
}

describe('where the runtime has no sockets to listen at', () => {
  it('a WebSocket is dialled', async () => {
    const ben = await start(nodeLink, { listen: ['ws://127.0.0.1:0/link'] })
    const { WebSocket: own } = globalThis
    const { WebSocket } = await import('ws')
    Object.assign(globalThis, { WebSocket })
    try {
      const ada = await start(link, { addresses: () => ben.carrier.listening })
      const frame = frameOf()
      await ada.carrier.link.send(ben.id, frame)
      expect(await first(ben.carrier)).toEqual({ peer: ada.id, frame })
    } finally {
      Object.assign(globalThis, { WebSocket: own })
    }
  })

  it('listening, and dialling anything else, is refused with a reason', async () => {
    await expect(start(link, { listen: ['tcp://127.0.0.1:0'] })).rejects.toMatchObject({
      code: 'link/no-sockets',
    })
    const ada = await start(link, { addresses: () => ['tcp://127.0.0.1:1'] })
    await expect(ada.carrier.link.send('a'.repeat(64), frameOf())).rejects.toMatchObject({
      code: 'link/unreachable',
    })
  })
})

describe('what is attached', () => {
  it('a data channel carries frames both ways, between devices that have proved who they are', async () => {
    const [ada, ben] = [await start(link), await start(link)]
    const [a, b] = channelPair()
    const peers = Promise.all([
      ada.carrier.attach('initiator', dataChannelBytes(a)),
      ben.carrier.attach('responder', dataChannelBytes(b)),
    ])
    expect(await peers).toEqual([ben.id, ada.id])
    const frames = Array.from({ length: 200 }, () => frameOf(4096))
    const sending = Promise.all(frames.map((frame) => ada.carrier.link.send(ben.id, frame)))
    const got: Uint8Array[] = []
    for await (const { frame } of ben.carrier.link.frames()) if (got.push(frame) === frames.length) break
    await sending
    expect(got).toEqual(frames)
    const back = frameOf()
    await ben.carrier.link.send(ada.id, back)
    expect(await first(ada.carrier)).toEqual({ peer: ben.id, frame: back })
  })

  it('a channel that may reorder is refused, and so is a peer that is not welcome', async () => {
    const [ada, ben] = [await start(link), await start(link, { accept: () => false })]
    const unordered = channelPair(false)
    await expect(ada.carrier.attach('initiator', dataChannelBytes(unordered[0]))).rejects.toMatchObject({
      code: 'link/unreachable',
    })
    const [a, b] = channelPair()
    const both = await Promise.allSettled([
      ada.carrier.attach('initiator', dataChannelBytes(a)),
      ben.carrier.attach('responder', dataChannelBytes(b)),
    ])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await ada.carrier.close()
    await expect(ada.carrier.attach('initiator', dataChannelBytes(a))).rejects.toMatchObject({
      code: 'link/closed',
    })
  })
})
