import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { RADIO_PACE, UDP_PACE } from '../src/arq/pace.js'
import { decodePacket, encodePacket } from '../src/arq/packet.js'
import { DIAL_TIMEOUT_MS, SEND_BUFFER_BYTES, SILENCE_MS } from '../src/limits.js'
import { type Fate, network, steady } from './support/datagrams.js'

const bytes = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const kindOf = (datagram: Uint8Array): string => decodePacket(datagram)?.kind ?? 'none'

describe('a stream over datagrams', () => {
  it('D1: brings bytes in order, both ways, however they were written', async () => {
    const net = network(steady)
    const near = net.dial()
    const [there, back] = [bytes(100_000), bytes(50_000)]
    for (let at = 0; at < there.length; at += 777) near.socket.write(there.subarray(at, at + 777))
    await net.time.run(100)
    const far = net.accepted[0]
    far?.socket.write(back)
    await net.time.run(5_000)
    expect(far?.received).toEqual([...there])
    expect(near.received).toEqual([...back])
  })

  it('D2: no datagram is larger than the path takes', async () => {
    for (const pace of [UDP_PACE, RADIO_PACE]) {
      let largest = 0
      const net = network((datagram) => {
        largest = Math.max(largest, datagram.length)
        return [5]
      }, pace)
      net.dial().socket.write(bytes(4_130))
      await net.time.run(60_000)
      expect(largest).toBe(pace.datagram)
      expect(net.accepted[0]?.received.length).toBe(4_130)
    }
  })

  it('D4: of a burst that is lost only what was lost is sent again', async () => {
    let count = 0
    const fate: Fate = (datagram) => {
      if (kindOf(datagram) !== 'data') return [5]
      count += 1
      return count >= 20 && count < 25 ? [] : [5]
    }
    const net = network(fate)
    net.dial().socket.write(bytes(60 * 1_000))
    await net.time.run(10_000)
    expect(net.accepted[0]?.received.length).toBe(60_000)
    expect(net.sent.there).toBeLessThan(60_000 * 1.2)
  })

  it('D5: acknowledgements travel with bytes that go back, and wait a little for them', async () => {
    const kinds: string[] = []
    const net = network((datagram) => {
      kinds.push(kindOf(datagram))
      return [1]
    })
    const near = net.dial()
    await net.time.run(50)
    kinds.length = 0
    for (let turn = 0; turn < 10; turn++) {
      near.socket.write(bytes(500))
      await net.time.run(2)
      net.accepted[0]?.socket.write(bytes(500))
      await net.time.run(2)
    }
    expect(kinds.filter((kind) => kind === 'data').length).toBe(20)
    expect(kinds.filter((kind) => kind === 'ack').length).toBeLessThan(5)
  })

  it('hostile 41: D6: who does not read is sent a window and no more, and the rest when it reads', async () => {
    const net = network(steady)
    const near = net.dial()
    await net.time.run(50)
    const far = net.accepted[0]
    far?.socket.pause()
    const all = bytes(2_000_000)
    const roomy = near.socket.write(all)
    await net.time.run(20_000)
    expect(roomy).toBe(false)
    expect(far?.received.length).toBe(0)
    expect(net.sent.there).toBeLessThan(UDP_PACE.window * UDP_PACE.datagram * 1.5)
    let drained = false
    void near.socket.drained().then(() => {
      drained = true
    })
    await net.time.run(1_000)
    expect(drained).toBe(false)
    far?.socket.resume()
    await net.time.run(30_000)
    expect(drained).toBe(true)
    expect(far?.received.length).toBe(all.length)
    expect(near.socket.write(bytes(SEND_BUFFER_BYTES / 2))).toBe(true)
  })

  it('D7: ends when the other side is silent for too long, and says so once', async () => {
    let cut = false
    const net = network((datagram) => (cut ? [] : steady(datagram, 'there')))
    const near = net.dial()
    near.socket.write(bytes(10))
    await net.time.run(1_000)
    cut = true
    near.socket.write(bytes(10))
    await net.time.run(SILENCE_MS + 70_000)
    expect(near.closed).toBe(1)
    near.socket.close()
    near.socket.write(bytes(10))
    await near.socket.drained()
    expect(near.closed).toBe(1)
  })

  it('D7: ends when nobody answers', async () => {
    const net = network(() => [])
    const near = net.dial()
    await net.time.run(DIAL_TIMEOUT_MS - 1_000)
    expect(near.closed).toBe(0)
    await net.time.run(10_000)
    expect(near.closed).toBe(1)
    expect(net.accepted).toEqual([])
  })

  it('D8: the end of one side is the end of the other', async () => {
    const net = network(steady)
    const near = net.dial()
    near.socket.write(bytes(10))
    await net.time.run(100)
    net.accepted[0]?.socket.close()
    await net.time.run(100)
    expect([near.closed, net.accepted[0]?.closed]).toEqual([1, 1])
  })

  it('D9: what is left of a stream that one side has forgotten is ended by the other', async () => {
    let muted = false
    const net = network((_, direction) => (muted && direction === 'back' ? [] : [5]))
    const near = net.dial()
    near.socket.write(bytes(10))
    await net.time.run(100)
    net.accepted[0]?.socket.write(bytes(10))
    await net.time.run(100)
    muted = true
    net.accepted[0]?.socket.close()
    await net.time.run(100)
    expect(near.closed).toBe(0)
    muted = false
    near.socket.write(bytes(10))
    await net.time.run(100)
    expect(near.closed).toBe(1)
  })
})

describe('strangers', () => {
  it('D3: are given a cookie and remembered by nobody until they bring it back', async () => {
    const net = network(steady)
    for (let id = 0; id < 10_000; id++) net.far.heard(encodePacket({ kind: 'hello', id }), `forged ${id}`)
    expect(net.accepted.length).toBe(0)
    const wrong = new Uint8Array(8).fill(7)
    net.far.heard(encodePacket({ kind: 'open', id: 1, cookie: wrong }), 'forged 1')
    expect(net.accepted.length).toBe(0)
    // Never more bytes to an address than came from it.
    expect(net.sent.back).toBeLessThanOrEqual(10_000 * 13)
    const near = net.dial()
    near.socket.write(bytes(10))
    await net.time.run(1_000)
    expect(net.accepted[0]?.received.length).toBe(10)
  })

  it("a cookie is its address's and its stream's alone, and grows old", async () => {
    const cookies: Uint8Array[] = []
    const net = network((datagram, direction) => {
      const packet = decodePacket(datagram)
      if (direction === 'back' && packet?.kind === 'cookie') cookies.push(packet.cookie)
      return []
    })
    net.far.heard(encodePacket({ kind: 'hello', id: 5 }), 'here')
    const cookie = cookies[0] as Uint8Array
    net.far.heard(encodePacket({ kind: 'open', id: 6, cookie }), 'here')
    net.far.heard(encodePacket({ kind: 'open', id: 5, cookie }), 'there')
    expect(net.accepted.length).toBe(0)
    await net.time.run(120_000)
    net.far.heard(encodePacket({ kind: 'open', id: 5, cookie }), 'here')
    expect(net.accepted.length).toBe(0)
    net.far.heard(encodePacket({ kind: 'hello', id: 5 }), 'here')
    net.far.heard(encodePacket({ kind: 'open', id: 5, cookie: cookies[1] as Uint8Array }), 'here')
    net.far.heard(encodePacket({ kind: 'open', id: 5, cookie: cookies[1] as Uint8Array }), 'here')
    expect(net.accepted.length).toBe(1)
  })

  it('D10: a report of what was never sent, or a segment beyond the window, changes nothing', async () => {
    const net = network(steady)
    const near = net.dial()
    near.socket.write(bytes(10))
    await net.time.run(100)
    const far = net.accepted[0]
    let id = 0
    const spy = network((datagram) => {
      id = decodePacket(datagram)?.id ?? id
      return []
    })
    spy.dial()
    const report = { next: 4_000_000_000, seen: 0xffff_ffff, room: 65_535 }
    for (const known of [id, 0]) {
      net.far.heard(encodePacket({ kind: 'ack', id: known, report }), 'them')
      net.far.heard(
        encodePacket({ kind: 'data', id: known, report, seq: 3_000_000, bytes: bytes(50) }),
        'them',
      )
    }
    near.socket.write(bytes(20))
    await net.time.run(1_000)
    expect(far?.received.length).toBe(30)
    expect([near.closed, far?.closed]).toEqual([0, 0])
  })
})
