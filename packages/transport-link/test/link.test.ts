import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { FRAME_SIZES } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import {
  addressText,
  byDistance,
  distance,
  link,
  MAX_WAITING_FRAMES,
  parseAddress,
} from '../src/index.node.js'
import { ADDRESSES, closeLater, device, deviceKnowing, frameOf, socketPath } from './support/links.js'

describe.each(ADDRESSES)('a link over %s', (_name, address) => {
  it('brings frames of every size, in order, from a peer that has proved who it is', async () => {
    const ben = await device({ listen: [address()] })
    const ada = await deviceKnowing(ben)
    const sent = [...FRAME_SIZES, ...FRAME_SIZES].map((size) => frameOf(size))
    await Promise.all(sent.map((frame) => ada.link.send(ben.id, frame)))
    const got: Uint8Array[] = []
    for await (const { peer, frame } of ben.link.frames()) {
      expect(peer).toBe(ada.id)
      got.push(frame)
      if (got.length === sent.length) break
    }
    expect(got).toEqual(sent)
  })

  it('goes both ways on one connection: who was dialled need not know where the other is', async () => {
    const ben = await device({ listen: [address()] })
    const ada = await deviceKnowing(ben)
    const [there, back] = [frameOf(), frameOf()]
    await ada.link.send(ben.id, there)
    const atBen = ben.link.frames()[Symbol.asyncIterator]()
    expect((await atBen.next()).value.frame).toEqual(there)
    await ben.link.send(ada.id, back)
    const atAda = ada.link.frames()[Symbol.asyncIterator]()
    expect((await atAda.next()).value).toEqual({ peer: ben.id, frame: back })
  })

  it('is made again after the peer was away', async () => {
    const place = address()
    const first = await device({ listen: [place] })
    const [where] = first.listening
    const ada = await device({ addresses: () => [where as string] })
    await ada.link.send(first.id, frameOf())
    await first.close()
    const attempt = (): Promise<string> =>
      ada.link.send(first.id, frameOf()).then(
        () => 'sent',
        (error) => error.code,
      )
    await expect.poll(attempt).toBe('link/unreachable')
    const again = await device({ identity: first.key, listen: [where as string] })
    const frame = frameOf()
    await ada.link.send(first.id, frame)
    for await (const received of again.link.frames()) {
      expect(received).toEqual({ peer: ada.id, frame })
      break
    }
  })

  it('hostile 41: holds up who sends when nobody reads, and loses nothing', async () => {
    const ben = await device({ listen: [address()] })
    const ada = await deviceKnowing(ben)
    const total = 4000
    let sent = 0
    const sending = (async () => {
      for (let i = 0; i < total; i++) {
        const frame = frameOf(4096)
        new DataView(frame.buffer, frame.byteOffset).setUint32(0, i)
        await ada.link.send(ben.id, frame)
        sent += 1
      }
    })()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(sent).toBeGreaterThan(MAX_WAITING_FRAMES)
    expect(sent).toBeLessThan(total)
    let next = 0
    for await (const { frame } of ben.link.frames()) {
      expect(new DataView(frame.buffer, frame.byteOffset).getUint32(0)).toBe(next)
      next += 1
      if (next === total) break
    }
    await sending
  })
})

describe('a link', () => {
  it('takes the nearest address that answers', async () => {
    const ben = await device({ listen: [socketPath(), 'tcp://127.0.0.1:0'] })
    const [unix, tcp] = ben.listening as [string, string]
    let knocks = 0
    const other = createServer((socket) => {
      knocks += 1
      socket.destroy()
    }).listen(0, '127.0.0.1')
    closeLater({ close: async () => void other.close() })
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as { port: number }
    const ada = await device({ addresses: () => [`tcp://127.0.0.1:${port}`, unix] })
    await ada.link.send(ben.id, frameOf())
    expect(knocks).toBe(0)
    const eve = await device({ addresses: () => [`tcp://127.0.0.1:${port}`, tcp] })
    await eve.link.send(ben.id, frameOf())
    expect(knocks).toBe(1)
  })

  it('takes over a Unix socket that a killed process has left', async () => {
    const place = socketPath()
    const path = place.slice('unix:'.length)
    const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`
    const child = spawn(process.execPath, ['-e', program])
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(existsSync(path)).toBe(true)
    const ben = await device({ listen: [place] })
    const ada = await deviceKnowing(ben)
    await ada.link.send(ben.id, frameOf())
  })

  it('makes its Unix socket for its owner alone, and leaves one alone that lives', async () => {
    const place = socketPath()
    const path = place.slice('unix:'.length)
    const ben = await device({ listen: [place] })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await expect(device({ listen: [place] })).rejects.toMatchObject({ code: 'link/bad-address' })
    const ada = await deviceKnowing(ben)
    await ada.link.send(ben.id, frameOf())
    await ben.close()
    expect(existsSync(path)).toBe(false)
  })

  it('ends with its carrier: readers end, senders are told', async () => {
    const ben = await device({ listen: [socketPath()] })
    const reading = ben.link.frames()[Symbol.asyncIterator]().next()
    await ben.close()
    expect((await reading).done).toBe(true)
    await expect(ben.link.send('a'.repeat(64), frameOf())).rejects.toMatchObject({ code: 'link/closed' })
  })

  it('C1: puts the nearest first: this machine, its network, the world, and a radio last', () => {
    const nearest = [
      'unix:/run/link',
      'udp://127.0.0.1:7000',
      'tcp://[::1]:7000',
      'ws://192.168.1.5:80/link',
      'udp://printer.local:9',
      'wss://example.org:443/',
      'serial:/dev/ttyUSB0?baud=57600',
    ]
    const mixed = [6, 2, 5, 0, 3, 1, 4].map((index) => nearest[index] as string)
    const kinds = byDistance(mixed.map(parseAddress)).map(distance)
    expect(kinds).toEqual([0, 1, 1, 2, 2, 3, 4])
    expect(nearest.map((text) => addressText(parseAddress(text)))).toEqual(nearest)
    expect(addressText(parseAddress('ws://example.org'))).toBe('ws://example.org:80/')
    expect(addressText(parseAddress('serial:/dev/ttyUSB0'))).toBe('serial:/dev/ttyUSB0?baud=9600')
  })

  it.each([
    ['a relative path', 'unix:link'],
    ['a path that the system would cut', `unix:/${'x'.repeat(200)}`],
    ['no port', 'tcp://127.0.0.1'],
    ['a path after a port', 'tcp://127.0.0.1:1/x'],
    ['credentials', 'tcp://me:secret@127.0.0.1:1'],
    ['another scheme', 'http://127.0.0.1:1'],
    ['UDP without a port', 'udp://127.0.0.1'],
    ['a question in a WebSocket', 'ws://127.0.0.1:1/link?token=1'],
    ['a relative serial port', 'serial:ttyUSB0'],
    ['a speed that is none', 'serial:/dev/ttyUSB0?baud=fast'],
    ['another setting of a serial port', 'serial:/dev/ttyUSB0?parity=odd'],
    ['a scheme alone', 'ws:'],
    ['nothing', ''],
  ])('refuses %s', (_what, address) => {
    const options = { identity: {} as never, listen: [address] }
    expect(() => link(options)).toThrow(expect.objectContaining({ code: 'link/bad-address' }))
  })

  it('refuses frames of other sizes and peers that are none, and stops waiting when told', async () => {
    const ben = await device({ listen: [socketPath()] })
    const ada = await deviceKnowing(ben)
    await expect(ada.link.send(ben.id, frameOf(100))).rejects.toMatchObject({ code: 'link/bad-frame' })
    await expect(ada.link.send('ben', frameOf())).rejects.toMatchObject({ code: 'link/bad-peer' })
    await expect(ada.link.send('a'.repeat(64), frameOf())).rejects.toMatchObject({ code: 'link/unreachable' })
    const aborted = { signal: AbortSignal.abort() }
    await expect(ada.link.send(ben.id, frameOf(), aborted)).rejects.toMatchObject({ code: 'core/aborted' })
  })
})
