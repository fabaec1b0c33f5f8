/**
 * The suites, over a link mailbox. A put is stored when its reader has acknowledged it, so a sender that waits before
 * anybody reads waits for ever: here it does not wait, which is the one difference to the suite's words.
 */
import { type Carrier, FRAME_SIZES, type Mailbox } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { directoryCompliance, type MailboxSubject, mailboxCompliance } from '@hyphae/testkit'
import { type LinkMailbox, linkMailbox } from '@hyphae/transport/link-mailbox'
import { describe, test } from 'vitest'
import { signRecord, signStock, verifyRecord, verifyStock } from '../statements.js'
import { hastyClock, traits, type Wire, wire } from './nodes.js'

/** How long a link that was cut says nothing. */
const CUT_MS = 20

const checks = { record: verifyRecord, stock: verifyStock }

/** Puts are checked before this returns, and go on after it has. */
function posting(mailbox: Mailbox): Mailbox {
  return {
    ...mailbox,
    put: async (items, options) => {
      const isGood = items.every(
        ({ id, frame }) => id.length === 16 && FRAME_SIZES.some((size) => size === frame.length),
      )
      const put = mailbox.put(items, options)
      put.catch(() => {})
      if (!isGood || options?.signal?.aborted) await put
    },
  }
}

function carrierOf(name: string, { mailbox, directory, close }: LinkMailbox): Carrier {
  return { name, traits, mailbox: posting(mailbox), directory, close, [Symbol.asyncDispose]: close }
}

async function open(): Promise<MailboxSubject> {
  const on: Wire = wire()
  const clock = hastyClock()
  const near = linkMailbox(on.link('near', ['far']), { crypto, traits, checks, clock })
  const far = linkMailbox(on.link('far', ['near']), { crypto, traits, checks, clock })
  const stranger = on.link('stranger')
  const timers = new Set<ReturnType<typeof setTimeout>>()
  return {
    carrier: carrierOf('near', near),
    other: carrierOf('far', far),
    // Everything that is said is lost for a while, and nobody is told.
    cut: () => {
      on.judge = () => 'lose'
      timers.add(setTimeout(() => Object.assign(on, { judge: () => 'carry' }), CUT_MS))
    },
    garble: async (bytes) => {
      await stranger.send('near', bytes)
      await stranger.send('far', bytes)
    },
    dispose: async () => {
      for (const timer of timers) clearTimeout(timer)
      await Promise.all([near.close(), far.close()])
    },
  }
}

describe('a mailbox over a link', () => {
  for (const { name, run } of mailboxCompliance(open, { crypto })) test(name, run)
})

describe('a directory over a link', () => {
  for (const { name, run } of directoryCompliance(open, { crypto, signRecord, signStock })) test(name, run)
})
