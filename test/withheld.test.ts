/** A relay that acknowledges mail and drops it: what its users see, and what a second relay does about it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMessenger, type Messenger } from '@hyphae/messenger'
import { type Relay, startRelay } from '@hyphae/relay'
import { relay } from '@hyphae/transport-relay'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Withholding, withholding } from '../packages/relay/test/support/withholding.js'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function startOne(engine?: Withholding['engine']): Promise<Relay> {
  const data = mkdtempSync(join(tmpdir(), 'hyphae-withheld-'))
  ends.push(() => rmSync(data, { recursive: true, force: true }))
  const server = await startRelay({ data, ...(engine !== undefined && { engine }) })
  ends.push(server.close)
  return server
}

async function nodeOn(relays: readonly Relay[]): Promise<Messenger> {
  const node = await createMessenger({ transports: relays.map(({ url }) => relay(url)) })
  ends.push(node.close)
  return node
}

/** What Bob reads, until it says `last`: each with how many messages he knows to be missing before it. */
async function readUntil(bob: Messenger, last: string): Promise<[string | undefined, number][]> {
  const read: [string | undefined, number][] = []
  for await (const { text, missing } of bob.messages()) {
    read.push([text, missing.length])
    if (text === last) break
  }
  return read
}

describe('hostile 36: a relay that acknowledges mail and drops it', () => {
  it('is found out by the next message, which says that one before it is missing', async () => {
    const liar = withholding()
    const relays = [await startOne(liar.engine)]
    const [alice, bob] = [await nodeOn(relays), await nodeOn(relays)]
    const chat = await alice.conversation(bob.id)
    await chat.send('one')
    expect(await readUntil(bob, 'one')).toEqual([['one', 0]])
    liar.drop(true)
    await chat.send('two')
    await vi.waitFor(() => expect(liar.dropped()).toBeGreaterThan(0), 10_000)
    liar.drop(false)
    await chat.send('three')
    const read = await readUntil(bob, 'three')
    expect(read.at(-1)).toEqual(['three', 1])
  })

  it('is healed by a second relay: nothing is missing, nothing comes twice', async () => {
    const liar = withholding()
    const relays = [await startOne(liar.engine), await startOne()]
    const [alice, bob] = [await nodeOn(relays), await nodeOn(relays)]
    const chat = await alice.conversation(bob.id)
    await chat.send('one')
    expect(await readUntil(bob, 'one')).toEqual([['one', 0]])
    liar.drop(true)
    for (const text of ['two', 'three', 'four']) await chat.send(text)
    expect(await readUntil(bob, 'four')).toEqual([
      ['two', 0],
      ['three', 0],
      ['four', 0],
    ])
    await vi.waitFor(() => expect(liar.dropped()).toBeGreaterThan(0), 10_000)
  })
})
