import { describe, expect, it } from 'vitest'
import { startWire } from '../../testkit/test/support/wire.js'
import { FRAMES_PROTOCOL, type Libp2pError } from '../src/index.node.js'
import { closeLater, frameOf, LOOPBACK, type Node, node, pause } from './support/nodes.js'

const code = (sending: Promise<void>): Promise<string> =>
  sending.then(
    () => 'sent',
    (error: Libp2pError) => error.code,
  )

describe('a link over libp2p', () => {
  it('resolves two streams that are opened at once to one, and loses no frame', async () => {
    for (let round = 0; round < 3; round++) {
      const places = new Map<string, string[]>()
      const options = { addresses: (device: string) => places.get(device) ?? [] }
      const [ada, ben] = [await node(options), await node(options)]
      for (const one of [ada, ben]) places.set(one.device, one.addresses())
      const [toBen, toAda] = [frameOf(), frameOf()]
      const [atBen, atAda] = [ben, ada].map(({ link }) => link.frames()[Symbol.asyncIterator]().next())
      await Promise.all([ada.link.send(ben.device, toBen), ben.link.send(ada.device, toAda)])
      expect((await atBen)?.value).toEqual({ peer: ada.device, frame: toBen })
      expect((await atAda)?.value).toEqual({ peer: ben.device, frame: toAda })
      await Promise.all(Array.from({ length: 20 }, () => ada.link.send(ben.device, frameOf())))
      await pause(100)
      for (const one of [ada, ben]) expect(framesStreams(one)).toBe(1)
    }
  })

  it('finds a device that announces where it is, and follows it to its next place', async () => {
    const meeting = await node()
    const first = await node({ bootstrap: meeting.addresses(), announce: true })
    const ada = await node({ bootstrap: meeting.addresses(), listen: [] })
    await expect.poll(() => code(ada.link.send(first.device, frameOf())), { timeout: 8000 }).toBe('sent')
    await first.close()
    await expect.poll(() => code(ada.link.send(first.device, frameOf()))).toBe('libp2p/unreachable')
    const again = await node({ bootstrap: meeting.addresses(), announce: true, identity: first.key })
    const frame = frameOf()
    await expect.poll(() => code(ada.link.send(first.device, frame)), { timeout: 15_000 }).toBe('sent')
    const { value } = await again.link.frames()[Symbol.asyncIterator]().next()
    expect(value).toEqual({ peer: ada.device, frame })
  })

  it('gets a lost stream back by itself, so that a peer that cannot dial is reached again', async () => {
    const ben = await node()
    const [address] = ben.addresses() as [string]
    const port = Number(address.split('/')[4])
    const proxy = await startWire({ host: '127.0.0.1', port })
    closeLater({ close: proxy.stop })
    const addresses = (): string[] => [address.replace(`/tcp/${port}`, `/tcp/${proxy.port}`)]
    const ada = await node({ listen: [], addresses })
    await ada.link.send(ben.device, frameOf())
    proxy.cut()
    const frame = frameOf()
    await expect.poll(() => code(ben.link.send(ada.device, frame)), { timeout: 8000 }).toBe('sent')
    const { value } = await ada.link.frames()[Symbol.asyncIterator]().next()
    expect(value).toEqual({ peer: ben.device, frame })
  })

  it('speaks with nobody else than the device it means', async () => {
    const [ben, eve] = [await node(), await node()]
    const ada = await node({ addresses: () => eve.addresses() })
    expect(await code(ada.link.send(ben.device, frameOf()))).toBe('libp2p/wrong-peer')
    const heard = eve.link.frames()[Symbol.asyncIterator]().next()
    expect(await Promise.race([heard, pause(100).then(() => 'nothing')])).toBe('nothing')
  })

  it('tells who is not welcome, before a frame counts as sent', async () => {
    const ben = await node({ accept: () => false })
    const ada = await node({ addresses: () => ben.addresses() })
    expect(await code(ada.link.send(ben.device, frameOf()))).toBe('libp2p/broken')
  })

  it('hostile 54: waits longer and longer before it tries a peer again, and asks nobody meanwhile', async () => {
    let asked = 0
    const ada = await node({
      listen: [],
      random: () => 1,
      addresses: () => {
        asked += 1
        return []
      },
    })
    const attempt = (): Promise<string> => code(ada.link.send('a'.repeat(64), frameOf()))
    expect(await attempt()).toBe('libp2p/unreachable')
    const refused = await Promise.all(Array.from({ length: 500 }, attempt))
    expect(new Set(refused)).toEqual(new Set(['libp2p/unreachable']))
    expect(asked).toBe(1)
    const error = await ada.link.send('a'.repeat(64), frameOf()).catch((reason: Libp2pError) => reason)
    expect(error).toMatchObject({ retryable: true, retryAfterMs: expect.any(Number) })
  })

  it.each([
    ['a seed that is too short', { seed: new Uint8Array(31) }, 'libp2p/bad-option'],
    ['an address that is none', { listen: ['tcp://127.0.0.1:1'] }, 'libp2p/bad-address'],
    ['a bootstrap node without a peer id', { bootstrap: ['/ip4/127.0.0.1/tcp/1'] }, 'libp2p/bad-address'],
    ['too many addresses', { listen: Array.from({ length: 17 }, () => LOOPBACK) }, 'libp2p/bad-address'],
  ])('refuses %s', async (_what, options, expected) => {
    await expect(node(options)).rejects.toMatchObject({ code: expected })
  })

  it('says so when it cannot listen', async () => {
    const ben = await node()
    const taken = (ben.addresses()[0] as string).replace(/\/p2p\/.*/, '')
    await expect(node({ listen: [taken] })).rejects.toMatchObject({ code: 'libp2p/cannot-start' })
  })

  it('has the same peer id for the same seed, and another for each run without one', async () => {
    const seed = new Uint8Array(32).fill(7)
    const ids = [await node({ seed }), await node({ seed }), await node(), await node()].map(
      ({ peerId }) => peerId,
    )
    expect(ids[0]).toBe(ids[1])
    expect(new Set(ids).size).toBe(3)
  })
})

function framesStreams({ libp2p }: Node): number {
  return libp2p
    .getConnections()
    .flatMap(({ streams }) => streams)
    .filter(({ protocol, status }) => protocol === FRAMES_PROTOCOL && status === 'open').length
}
