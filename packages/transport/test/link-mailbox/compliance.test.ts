/**
 * The suites, over a link mailbox. A put is stored when its reader has acknowledged it, so a sender that waits before
 * anybody reads waits for ever: here it does not wait, which is the one difference to the suite's words.
 */
import { type Carrier, FRAME_SIZES, type Mailbox } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type CarrierSubject, directoryCompliance, mailboxCompliance } from '@hyphae/testkit'
import { type LinkMailbox, linkMailbox } from '@hyphae/transport/link-mailbox'
import { describe, test } from 'vitest'
import { signRecord, signStock, verifyRecord, verifyStock } from '../statements.js'
import { traits, type Wire, wire } from './nodes.js'

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

async function open(): Promise<CarrierSubject> {
  const on: Wire = wire()
  const near = linkMailbox(on.link('near', ['far']), { crypto, traits, checks })
  const far = linkMailbox(on.link('far', ['near']), { crypto, traits, checks })
  const dispose = async (): Promise<void> => {
    await Promise.all([near.close(), far.close()])
  }
  return { carrier: carrierOf('near', near), other: carrierOf('far', far), dispose }
}

describe('a mailbox over a link', () => {
  for (const { name, run } of mailboxCompliance(open, { crypto })) test(name, run)
})

describe('a directory over a link', () => {
  for (const { name, run } of directoryCompliance(open, { crypto, signRecord, signStock })) test(name, run)
})
