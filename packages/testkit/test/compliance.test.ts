/** The suites against parts that are wrong on purpose; whole implementations are tested where they live. */
import { type Carrier, CoreError } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  blobsCompliance,
  type ComplianceCase,
  directoryBucketCompliance,
  directoryCompliance,
  linkCompliance,
  mailboxCompliance,
  storeCompliance,
  topicCompliance,
} from '@hyphae/testkit'
import { expect, test } from 'vitest'
import { mapStore } from './map-store.js'
import { memoryLinks } from './memory-link.js'
import { memoryMailbox } from './memory-mailbox.js'

const traits = {
  mtu: 4096,
  bandwidthBps: 1,
  latencyMs: 0,
  reliable: true,
  ordered: true,
  metered: false,
  privacy: 'relayed' as const,
}
const close = async (): Promise<void> => {}
const nothing = { carrierName: 'a', otherName: 'b', stranger: 'c', cut: () => {}, garble: close }
const empty: Carrier = { name: 'empty', traits, close, [Symbol.asyncDispose]: close }

async function failed(cases: readonly ComplianceCase[]): Promise<string[]> {
  const names: string[] = []
  for (const { name, run } of cases)
    await run().catch((error) => {
      expect(error).toMatchObject({ code: 'testkit/broken-rule' })
      names.push(name)
    })
  return names
}

test('a carrier without the capability fails every case', async () => {
  const open = async () => ({ carrier: empty, dispose: close })
  const statements = { signRecord: () => unused(), signStock: () => unused() }
  for (const cases of [
    mailboxCompliance(async () => ({ ...(await open()), cut: close, garble: close, expire: close }), {
      crypto,
    }),
    blobsCompliance(open, { crypto }),
    directoryCompliance(open, { crypto, ...statements }),
    directoryBucketCompliance(open, { crypto, ...statements }),
    topicCompliance(async () => ({ carrier: empty, garble: close, dispose: close }), { crypto }),
    linkCompliance(async () => ({ ...nothing, carrier: empty, other: empty, dispose: close }), { crypto }),
  ]) {
    expect(cases.length).toBeGreaterThan(3)
    expect(await failed(cases)).toEqual(cases.map(({ name }) => name))
  }
})

function unused(): never {
  throw new CoreError('core/bad-id')
}

test('every case has its own name', () => {
  const open = async () => ({ carrier: empty, dispose: close })
  const names = [
    ...storeCompliance(async () => ({ store: mapStore(), dispose: close })),
    ...mailboxCompliance(open, { crypto }),
    ...blobsCompliance(open, { crypto }),
    ...directoryCompliance(open, { crypto, signRecord: unused, signStock: unused }),
    ...directoryBucketCompliance(open, { crypto, signRecord: unused, signStock: unused }),
    ...topicCompliance(open, { crypto }),
    ...linkCompliance(async () => ({ ...nothing, carrier: empty, other: empty, dispose: close }), { crypto }),
  ].map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})

test('what a carrier does not check is not asked of it', () => {
  const open = async () => ({ carrier: empty, dispose: close })
  const count = (cases: readonly ComplianceCase[]): number => cases.length
  const sign = { signRecord: unused, signStock: unused }
  expect(count(mailboxCompliance(open, { crypto, checksProofs: false }))).toBe(
    count(mailboxCompliance(open, { crypto })) - 1,
  )
  expect(count(blobsCompliance(open, { crypto, checksHashes: false }))).toBe(
    count(blobsCompliance(open, { crypto })) - 1,
  )
  expect(count(directoryCompliance(open, { crypto, ...sign, checksSignatures: false }))).toBe(
    count(directoryCompliance(open, { crypto, ...sign })) - 1,
  )
})

test('what a subject cannot break is not asked, and the case says what is missing', async () => {
  const { near, far } = memoryLinks()
  const traits = { ...near.traits, reliable: false }
  const dispose = async (): Promise<void> => {
    await Promise.all([near.close(), far.close()])
  }
  const names = { carrierName: 'near', otherName: 'far', stranger: 'nobody' }
  const skipped = async (cases: readonly ComplianceCase[], wanted: string): Promise<string[]> => {
    const reasons: string[] = []
    for (const { name, run } of cases)
      if (name.includes(wanted)) await run({ skip: (reason) => reasons.push(reason) })
    return reasons
  }
  const link = linkCompliance(
    async () => ({ ...names, carrier: { ...near, traits }, other: far, dispose: close }),
    { crypto },
  )
  expect(await skipped(link, 'cut')).toEqual(['not asked: the subject has no cut'])
  expect(await skipped(link, 'nonsense')).toEqual(['not asked: the subject has no garble'])
  expect(await skipped(link, 'holds its sender up')).toEqual([
    'not asked: its traits do not say that the link is reliable',
  ])
  expect(await skipped(link, 'answer')).toEqual([])
  const box = mailboxCompliance(async () => ({ carrier: memoryMailbox().carrier, dispose: close }), {
    crypto,
    checksProofs: false,
  })
  expect(await skipped(box, 'cut')).toEqual(['not asked: the subject has no cut'])
  expect(await skipped(box, 'nonsense')).toEqual(['not asked: the subject has no garble'])
  expect(await skipped(box, 'outlived')).toEqual(['not asked: the subject has no expire'])
  expect(await skipped(box, 'cursor')).toEqual([])
  // With no framework to tell, it ends like one that passed.
  for (const { name, run } of box) if (name.includes('outlived')) await run()
  expect(box.every(({ run }) => run.length === 0)).toBe(true)
  await dispose()
})

test('a careless store fails where it is careless, and everything is disposed of', async () => {
  let disposed = 0
  const cases = storeCompliance(async () => ({
    store: mapStore(),
    dispose: () => {
      disposed += 1
    },
  }))
  const names = await failed(cases)
  expect(disposed).toBe(cases.length)
  expect(names).toContain('values and keys are copied')
  expect(names).toContain('transactions run one at a time')
  expect(names).toContain('a closed store refuses everything')
  expect(names).not.toContain('get gives what was put, and nothing where nothing was put')
})
