/** The suite for links must notice: each mutant breaks one promise of the port, and some case must fail. */
import { CoreError, type Link } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type LinkSubject, linkCompliance } from '@hyphae/testkit'
import { expect, test } from 'vitest'
import { memoryLinks } from './memory-link.js'

/** What a mutant may know of: how often the connection was cut, and nonsense said. */
interface Happened {
  cuts: number
  nonsense: number
}

const CUT = 'what was cut is connected again, and no frame comes twice'
const NONSENSE = 'nonsense is not heard, and disturbs nobody'

/** Of which the named case must fail, not only some other. */
const faulty: Readonly<
  Record<string, readonly [(link: Link, happened: Happened) => Partial<Link>, failing: string]>
> = {
  'is gone when it was cut': [
    (link, happened) => ({
      send: async (peer, frame, options) => {
        if (happened.cuts > 0) throw new CoreError('core/aborted')
        await link.send(peer, frame, options)
      },
    }),
    CUT,
  ],
  'brings what it has brought again after a cut': [
    (link, happened) => ({
      frames: async function* (options) {
        let cuts = 0
        for await (const received of link.frames(options)) {
          yield received
          if (happened.cuts > cuts) yield received
          cuts = happened.cuts
        }
      },
    }),
    CUT,
  ],
  'hears nonsense': [
    (link, happened) => ({
      frames: async function* (options) {
        for await (const received of link.frames(options)) {
          if (happened.nonsense > 0) yield { ...received, frame: crypto.randomBytes(512) }
          yield received
        }
      },
    }),
    NONSENSE,
  ],
  'stops at nonsense': [
    (link, happened) => ({
      send: async (peer, frame, options) => {
        if (happened.nonsense === 0) await link.send(peer, frame, options)
      },
    }),
    NONSENSE,
  ],
}

const twice = new WeakSet<Uint8Array>()

const mutants: Readonly<Record<string, (link: Link) => Partial<Link>>> = {
  'takes frames of any size': (link) => ({
    send: async (peer, frame, options) => {
      if ([128, 512, 2048, 4096].includes(frame.length)) await link.send(peer, frame, options)
    },
  }),
  'gives a frame twice': (link) => ({
    frames: async function* (options) {
      for await (const received of link.frames(options)) {
        yield received
        if (received.frame.length === 512 && !twice.has(received.frame)) yield received
      }
    },
  }),
  'names another sender': (link) => ({
    frames: async function* (options) {
      for await (const { frame } of link.frames(options)) yield { peer: 'somebody', frame }
    },
  }),
  'sends to who is not there': (link) => ({
    send: (peer, frame, options) => link.send(peer, frame, options).catch(() => {}),
  }),
  'holds nobody up': (link) => ({
    send: async (peer, frame, options) => {
      const size = [128, 512, 2048, 4096].includes(frame.length)
      if (!size || peer === '' || peer === 'nobody') await link.send(peer, frame, options)
      else link.send(peer, frame, options).catch(() => {})
    },
  }),
  'does not let a sender leave': (link) => ({ send: (peer, frame) => link.send(peer, frame) }),
  'does not end with its signal': (link) => ({ frames: () => link.frames() }),
  'reads ahead and forgets': (link) => ({
    frames: async function* (options) {
      const inner = link.frames(options)[Symbol.asyncIterator]()
      let next = inner.next()
      for (;;) {
        const { value, done } = await next
        if (done) return
        next = inner.next()
        yield value
      }
    },
  }),
  'swaps frames': (link) => {
    let held: (() => void) | undefined
    return {
      send: (peer, frame, options) => {
        if (frame.length !== 512) return link.send(peer, frame, options)
        if (held === undefined) {
          const sending = new Promise<void>((resolve, reject) => {
            held = () => link.send(peer, frame, options).then(resolve, reject)
          })
          sending.catch(() => {})
          setTimeout(() => held?.(), 5)
          return sending
        }
        const sending = link.send(peer, frame, options)
        held()
        held = undefined
        return sending
      },
    }
  },
}

async function failures(mutate?: (link: Link, happened: Happened) => Partial<Link>): Promise<string[]> {
  const open = async (): Promise<LinkSubject> => {
    const happened: Happened = { cuts: 0, nonsense: 0 }
    const { near, far } = memoryLinks(mutate && ((link) => mutate(link, happened)))
    return {
      carrier: near,
      other: far,
      carrierName: 'near',
      otherName: 'far',
      stranger: 'nobody',
      cut: () => void happened.cuts++,
      garble: async () => void happened.nonsense++,
      dispose: async () => {
        await Promise.all([near.close(), far.close()])
      },
    }
  }
  const failed: string[] = []
  const cases = linkCompliance(open, { crypto, patienceMs: 600 })
  await Promise.all(cases.map(({ name, run }) => run().catch(() => failed.push(name))))
  return failed
}

test('a link that is right passes', async () => {
  expect(await failures()).toEqual([])
})

for (const [name, mutate] of Object.entries(mutants))
  test.concurrent(`a link that ${name} fails the suite`, async () => {
    expect(await failures(mutate)).not.toEqual([])
  })

for (const [name, [mutate, failing]] of Object.entries(faulty))
  test.concurrent(`a link that ${name} fails the suite`, async () => {
    expect(await failures(mutate)).toContain(failing)
  })
