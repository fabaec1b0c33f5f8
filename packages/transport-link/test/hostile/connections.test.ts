import { connect, createServer, type Socket } from 'node:net'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import { MAX_HANDSHAKES } from '../../src/index.node.js'
import { closeLater, device, deviceKnowing, frameOf } from '../support/links.js'

const portOf = (address: string | undefined): number => Number(address?.split(':').at(-1))

function knock(port: number): Socket {
  const socket = connect({ host: '127.0.0.1', port })
  socket.on('error', () => {})
  closeLater({ close: async () => void socket.destroy() })
  return socket
}

const closed = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once('close', resolve))

/** A network that may change what passes: `change` gets each piece of either direction. */
async function between(
  port: number,
  change: (bytes: Buffer, direction: 'in' | 'out', count: number) => Buffer | null,
): Promise<string> {
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port })
    const counts = { in: 0, out: 0 }
    const pipe = (from: Socket, to: Socket, direction: 'in' | 'out'): void => {
      from.on('data', (bytes) => {
        const passed = change(bytes, direction, counts[direction]++)
        if (passed === null) to.destroy()
        else to.write(passed)
      })
      from.on('close', () => to.destroy())
      from.on('error', () => {})
    }
    pipe(near, far, 'out')
    pipe(far, near, 'in')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  closeLater({ close: async () => void server.close() })
  return `tcp://127.0.0.1:${(server.address() as { port: number }).port}`
}

describe('whoever knocks', () => {
  it('hostile 1: with noise, a wrong length or a small-order key is turned away, and others are served', async () => {
    const ben = await device({ listen: ['tcp://127.0.0.1:0'] })
    const port = portOf(ben.listening[0])
    const lengths = [
      Buffer.from([0, 0]),
      Buffer.from([0xff, 0xff]),
      Buffer.from([31, 0, ...Buffer.alloc(31, 1)]),
    ]
    const smallOrder = Buffer.from([32, 0, ...Buffer.alloc(32)])
    for (const bytes of [...lengths, smallOrder, Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(50))]) {
      const socket = knock(port)
      const gone = closed(socket)
      socket.write(bytes)
      socket.resume()
      await gone
    }
    const ada = await deviceKnowing(ben)
    const frame = frameOf()
    await ada.link.send(ben.id, frame)
    for await (const received of ben.link.frames()) {
      expect(received.frame).toEqual(frame)
      break
    }
  })

  it('hostile 39: and says nothing takes one of a bounded number of places', async () => {
    const ben = await device({ listen: ['tcp://127.0.0.1:0'] })
    const port = portOf(ben.listening[0])
    const silent = Array.from({ length: MAX_HANDSHAKES }, () => knock(port))
    await Promise.all(silent.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
    const late = knock(port)
    late.resume()
    await closed(late)
    const ada = await deviceKnowing(ben)
    await expect(ada.link.send(ben.id, frameOf())).rejects.toMatchObject({ code: 'link/unreachable' })
    for (const socket of silent) socket.destroy()
    await expect
      .poll(() =>
        ada.link.send(ben.id, frameOf()).then(
          () => 'sent',
          () => 'not yet',
        ),
      )
      .toBe('sent')
  })

  it('is not spoken with when it is not welcome', async () => {
    const friend = await device()
    const ben = await device({ listen: ['tcp://127.0.0.1:0'], accept: (peer) => peer === friend.id })
    const eve = await deviceKnowing(ben)
    await expect(eve.link.send(ben.id, frameOf())).rejects.toMatchObject({ code: 'link/unreachable' })
    const reading = ben.link.frames()[Symbol.asyncIterator]().next()
    expect(await Promise.race([reading, new Promise((resolve) => setTimeout(resolve, 100, 'nothing'))])).toBe(
      'nothing',
    )
  })
})

describe('somebody between two devices', () => {
  it('hostile 19: who answers in the place of a peer is found out before anything is said', async () => {
    const ben = await device({ listen: ['tcp://127.0.0.1:0'] })
    const eve = await device({ listen: ['tcp://127.0.0.1:0'] })
    const ada = await device({ addresses: () => eve.listening })
    await expect(ada.link.send(ben.id, frameOf())).rejects.toMatchObject({ code: 'link/wrong-peer' })
    const reading = eve.link.frames()[Symbol.asyncIterator]().next()
    expect(await Promise.race([reading, new Promise((resolve) => setTimeout(resolve, 100, 'nothing'))])).toBe(
      'nothing',
    )
  })

  it('sees neither frames nor names', async () => {
    const ben = await device({ listen: ['tcp://127.0.0.1:0'] })
    const seen: Buffer[] = []
    const through = await between(portOf(ben.listening[0]), (bytes) => {
      seen.push(Buffer.from(bytes))
      return bytes
    })
    const ada = await device({ addresses: () => [through] })
    const frame = frameOf()
    await ada.link.send(ben.id, frame)
    await ben.link.frames()[Symbol.asyncIterator]().next()
    const all = Buffer.concat(seen)
    for (const secret of [
      frame,
      frame.subarray(0, 32),
      Buffer.from(ada.id, 'hex'),
      Buffer.from(ben.id, 'hex'),
    ])
      expect(all.indexOf(secret)).toBe(-1)
  })

  it.each([
    ['the first message', 'out', 0],
    ['the answer', 'in', 0],
    ['the third message', 'out', 1],
  ] as const)('cannot alter a bit of %s', async (_what, where, which) => {
    const ben = await device({ listen: ['tcp://127.0.0.1:0'] })
    const through = await between(portOf(ben.listening[0]), (bytes, direction, count) => {
      if (direction === where && count === which) bytes[10] = (bytes[10] as number) ^ 4
      return bytes
    })
    const ada = await device({ addresses: () => [through] })
    await ada.link.send(ben.id, frameOf()).catch(() => {})
    const reading = ben.link.frames()[Symbol.asyncIterator]().next()
    expect(await Promise.race([reading, new Promise((resolve) => setTimeout(resolve, 150, 'nothing'))])).toBe(
      'nothing',
    )
  })

  it('cannot alter, repeat or leave out a record without ending the connection', async () => {
    const tricks: ((bytes: Buffer) => Buffer)[] = [
      (bytes) => Buffer.from(bytes.map((byte, i) => (i === 20 ? byte ^ 1 : byte))),
      (bytes) => Buffer.concat([bytes, bytes]),
      () => Buffer.alloc(0),
    ]
    for (const trick of tricks) {
      const ben = await device({ listen: ['tcp://127.0.0.1:0'] })
      let dialled = 0
      const through = await between(portOf(ben.listening[0]), (bytes, direction, count) => {
        if (direction === 'in') return bytes
        // What is sent when the end was noticed would come over another connection, and be right.
        if (count === 0) dialled += 1
        if (dialled > 1) return null
        return count === 3 ? trick(bytes) : bytes
      })
      const ada = await device({ addresses: () => [through] })
      const frames = [frameOf(), frameOf(), frameOf()]
      const reader = ben.link.frames()[Symbol.asyncIterator]()
      await ada.link.send(ben.id, frames[0] as Uint8Array)
      expect((await reader.next()).value.frame).toEqual(frames[0])
      await ada.link.send(ben.id, frames[1] as Uint8Array)
      await new Promise((resolve) => setTimeout(resolve, 20))
      await ada.link.send(ben.id, frames[2] as Uint8Array).catch(() => {})
      const next = reader.next()
      const got = await Promise.race([next, new Promise((resolve) => setTimeout(resolve, 150, 'nothing'))])
      // What arrives is what was sent next, or nothing: never a frame twice, altered, or past a gap.
      if (got !== 'nothing') expect((got as { value: { frame: Uint8Array } }).value.frame).toEqual(frames[1])
    }
  })

  it('hostile 8: who repeats a whole conversation is not heard', async () => {
    const ben = await device({ listen: ['tcp://127.0.0.1:0'] })
    const port = portOf(ben.listening[0])
    const said: Buffer[] = []
    const through = await between(port, (bytes, direction) => {
      if (direction === 'out') said.push(Buffer.from(bytes))
      return bytes
    })
    const ada = await device({ addresses: () => [through] })
    await ada.link.send(ben.id, frameOf())
    const reader = ben.link.frames()[Symbol.asyncIterator]()
    await reader.next()
    const replayed = knock(port)
    replayed.resume()
    const gone = closed(replayed)
    for (const bytes of said) replayed.write(bytes)
    await gone
    const next = reader.next()
    expect(await Promise.race([next, new Promise((resolve) => setTimeout(resolve, 100, 'nothing'))])).toBe(
      'nothing',
    )
  })
})

describe('a device', () => {
  it('hostile 52: whose generator fails opens no link', async () => {
    const broken = {
      ...crypto,
      x25519: {
        ...crypto.x25519,
        generate: (): never => {
          throw new Error('no entropy')
        },
      },
    }
    await expect(device({ crypto: broken })).rejects.toThrow('no entropy')
  })
})
