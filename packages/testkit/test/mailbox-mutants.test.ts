/** The suite for mailboxes must notice what goes wrong over time: each mutant breaks one promise, and a case must fail. */
import type { Delivery } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { mailboxCompliance } from '@hyphae/testkit'
import { expect, test } from 'vitest'
import { type MutateMailbox, memoryMailbox } from './memory-mailbox.js'

const LATER = 'what has outlived its time is not given, and the box goes on'
const CUT = 'a watch goes on when its connection was cut, and misses nothing'
const NONSENSE = 'nonsense of strangers disturbs nobody'

/** Each with the case that must fail. */
const mutants: Readonly<Record<string, readonly [MutateMailbox, failing: string]>> = {
  'counts its cursors anew': [
    (mailbox) => ({
      fetch: async (key, options) =>
        (await mailbox.fetch(key, options)).map((delivery, index) => ({ ...delivery, cursor: index + 1 })),
    }),
    'a cursor never goes back',
  ],
  'gives what has outlived its time': [
    (mailbox, happened) => {
      let last: Delivery[] = []
      return {
        fetch: async (key, options) => {
          if (happened.expired > 0) return last
          last = await mailbox.fetch(key, options)
          return last
        },
      }
    },
    LATER,
  ],
  'takes nothing any more when something has outlived its time': [
    (mailbox, happened) => ({
      put: async (items, options) => {
        if (happened.expired === 0) await mailbox.put(items, options)
      },
    }),
    LATER,
  ],
  'ends its watch with the connection': [
    (mailbox, happened) => ({
      watch: async function* (key, options): AsyncGenerator<Delivery> {
        for await (const delivery of mailbox.watch(key, options)) {
          if (happened.cuts > 0) return
          yield delivery
        }
      },
    }),
    CUT,
  ],
  'goes on after the newest when its connection was cut': [
    (mailbox, happened) => ({
      watch: async function* (key, options): AsyncGenerator<Delivery> {
        let cuts = 0
        for await (const delivery of mailbox.watch(key, options)) {
          if (happened.cuts === cuts) yield delivery
          else {
            cuts = happened.cuts
            await delivery.ack()
          }
        }
      },
    }),
    CUT,
  ],
  'stops at nonsense': [
    (mailbox, happened) => ({
      put: async (items, options) => {
        if (happened.nonsense === 0) await mailbox.put(items, options)
      },
    }),
    NONSENSE,
  ],
  'gives nonsense to its reader': [
    (mailbox, happened) => ({
      watch: async function* (key, options): AsyncGenerator<Delivery> {
        for await (const delivery of mailbox.watch(key, options)) {
          yield delivery
          if (happened.nonsense > 0) yield { ...delivery, frame: crypto.randomBytes(512) }
        }
      },
    }),
    NONSENSE,
  ],
  'fetches although it was told not to': [
    (mailbox) => ({ fetch: (key, options) => mailbox.fetch(key, { limit: options?.limit ?? 100 }) }),
    'an aborted fetch is refused',
  ],
}

async function failures(mutate?: MutateMailbox): Promise<string[]> {
  const failed: string[] = []
  const open = async () => memoryMailbox(mutate)
  const cases = mailboxCompliance(open, { crypto, checksProofs: false, patienceMs: 500 })
  await Promise.all(cases.map(({ name, run }) => run().catch(() => failed.push(name))))
  return failed
}

test('a mailbox that is right passes', async () => {
  expect(await failures()).toEqual([])
})

for (const [name, [mutate, failing]] of Object.entries(mutants))
  test.concurrent(`a mailbox that ${name} fails the suite`, async () => {
    expect(await failures(mutate)).toContain(failing)
  })
