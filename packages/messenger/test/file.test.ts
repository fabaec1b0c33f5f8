import type { Carrier, Transport } from '@hyphae/core'
import { MAX_FILE_BYTES } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import { memoryNetwork } from '../src/index.js'
import { next, openNode } from './nodes.js'

/** Passes blobs through `change` when they are fetched. */
function tampering(
  transport: Transport,
  change: (data: Uint8Array | undefined, call: number) => Uint8Array | undefined,
): Transport {
  let call = 0
  return async (components) => {
    const carrier = await transport(components)
    const blobs = carrier.blobs
    if (blobs === undefined) throw new Error('the network has blobs')
    const get: typeof blobs.get = async (hashes, options) =>
      (await blobs.get(hashes, options)).map((data) => change(data, call++))
    return { ...carrier, blobs: { put: blobs.put, has: blobs.has, get } } satisfies Carrier
  }
}

describe('files', () => {
  it.each([0, 1, 3987, 3988, 3989, 400_000])('carries %i bytes', async (size) => {
    const net = memoryNetwork()
    const [alice, bob] = [await openNode(net()), await openNode(net())]
    const data = new Uint8Array(size).map((_, i) => (i * 31) % 256)
    const seen: number[] = []
    await (await alice.conversation(bob.id)).sendFile({
      name: '../../etc/plan.txt',
      mediaType: 'text/plain',
      data,
      onProgress: ({ done }) => seen.push(done),
    })
    const message = await next(bob)
    expect(message.file).toMatchObject({ size, mediaType: 'text/plain' })
    expect(message.file?.name).not.toContain('/')
    // As `toEqual`, which takes a second for as much.
    expect(Buffer.compare(await bob.downloadFile(message), data)).toBe(0)
    expect(seen.at(-1)).toBe(size)
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b))
  })

  it('reads from a stream twice, and notices a source that changes between', async () => {
    const net = memoryNetwork()
    const [alice, bob] = [await openNode(net()), await openNode(net())]
    const chat = await alice.conversation(bob.id)
    const blob = new Blob(['spores '.repeat(2000)])
    await chat.sendFile({ name: 'spores.txt', data: { size: blob.size, stream: () => blob.stream() } })
    expect(new TextDecoder().decode(await bob.downloadFile(await next(bob)))).toBe('spores '.repeat(2000))
    let reads = 0
    const shrinking = {
      size: 8000,
      stream: async function* () {
        yield new Uint8Array(reads++ === 0 ? 8000 : 4000)
      },
    }
    await expect(chat.sendFile({ name: 'x', data: shrinking })).rejects.toMatchObject({
      code: 'messenger/file-changed',
    })
    const huge = { size: MAX_FILE_BYTES + 1, stream: async function* () {} }
    await expect(chat.sendFile({ name: 'x', data: huge })).rejects.toMatchObject({
      code: 'messenger/file-too-large',
    })
  })

  it('hostile 47: a wrong, missing or exchanged chunk is refused and never released', async () => {
    const net = memoryNetwork()
    const alice = await openNode(net())
    const data = new Uint8Array(30_000).map((_, i) => i % 256)
    const cases: [string, (data: Uint8Array | undefined, call: number) => Uint8Array | undefined][] = [
      ['messenger/file-unavailable', (blob, call) => (call === 3 ? undefined : blob)],
      [
        'messenger/file-corrupt',
        (blob, call) => (call === 3 && blob ? blob.map((byte, i) => (i === 2000 ? byte ^ 1 : byte)) : blob),
      ],
      ['messenger/file-corrupt', (blob, call) => (call === 0 && blob ? blob.subarray(1) : blob)],
    ]
    for (const [code, change] of cases) {
      const bob = await openNode(tampering(net(), change))
      await (await alice.conversation(bob.id)).sendFile({ name: 'plan', data })
      const message = await next(bob)
      const pieces: Uint8Array[] = []
      const reading = (async () => {
        for await (const piece of bob.streamFile(message)) pieces.push(piece)
      })()
      await expect(reading).rejects.toMatchObject({ code })
      const released = pieces.flatMap((piece) => [...piece])
      expect(released).toEqual([...data.subarray(0, released.length)])
    }
  })
})
