/** What every Directory that can be asked by buckets must do (spec/transport.md, "Directory"). */
import type { CrowdPart, Directory, DirectoryBuckets, DirectoryRecord } from '@hyphae/core'
import type { Ed25519PrivateKey } from '@hyphae/crypto'
import { capability, type MakeCarrierCase, type OpenCarrier } from './carrier-subject.js'
import { type ComplianceCase, caseWith, rule, ruleBytes, ruleRefused } from './compliance.js'
import type { DirectoryComplianceOptions } from './directory-subject.js'

/** A walk that takes more parts than records never ends. */
const RECORDS = 9
const WHOLE = { bits: 0, prefix: 0 }

interface Subject {
  readonly directory: Directory
  readonly buckets: DirectoryBuckets
}

function subject(directory: Directory): Subject {
  const { buckets } = directory
  rule(buckets !== undefined, 'the directory can be asked by buckets')
  return { directory, buckets }
}

/** Each case opens a fresh network, with so few records in it that one bucket is all there is. */
export function directoryBucketCompliance(
  open: OpenCarrier,
  options: DirectoryComplianceOptions,
): ComplianceCase[] {
  const make = caseWith(open)
  return [...findingCases(make, options), ...pagingCases(make, options)]
}

/** All parts of the bucket that is everything, `limit` records at once. */
async function walk({ buckets }: Subject, limit: number): Promise<CrowdPart[]> {
  const parts: CrowdPart[] = []
  let after: Uint8Array | undefined
  do {
    const part: CrowdPart = await buckets.fetch(WHOLE, { limit, ...(after && { after }) })
    rule(part.records.length <= limit, 'no more than asked for')
    parts.push(part)
    after = part.next
    rule(parts.length <= 4 * RECORDS, 'a bucket has an end')
  } while (after !== undefined)
  return parts
}

function publisher({ crypto, signRecord }: DirectoryComplianceOptions, { directory }: Subject) {
  return async (
    address: Uint8Array,
    sequence = 1,
    key: Ed25519PrivateKey = crypto.ed25519.generate(),
  ): Promise<DirectoryRecord> => {
    const record = signRecord(key, { address, sequence, body: crypto.randomBytes(300) })
    await directory.publish(record)
    return record
  }
}

function findingCases(make: MakeCarrierCase, options: DirectoryComplianceOptions): ComplianceCase[] {
  const { crypto } = options
  const { sha256 } = crypto
  const found = (parts: readonly CrowdPart[], address: Uint8Array): DirectoryRecord[] =>
    parts.flatMap(({ records }) => records.flatMap((record) => record.open(address, sha256) ?? []))
  return [
    make('a bucket gives every record in it, each to who knows its address', async ({ carrier, other }) => {
      const mine = subject(capability(carrier, 'directory'))
      const yours = subject(capability(other ?? carrier, 'directory'))
      rule((await yours.buckets.bits()) === 0, 'few records are one bucket')
      rule(
        (await walk(yours, 8)).every(({ records }) => records.length === 0),
        'an empty directory',
      )
      const publish = publisher(options, mine)
      const addresses = Array.from({ length: RECORDS }, () => crypto.randomBytes(32))
      const records: DirectoryRecord[] = []
      for (const address of addresses) records.push(await publish(address))
      const parts = await walk(yours, 8)
      for (const [index, address] of addresses.entries()) {
        const [record, ...more] = found(parts, address)
        const wanted = records[index] as DirectoryRecord
        rule(record !== undefined && more.length === 0, 'one record')
        ruleBytes(record.address, wanted.address, 'its address')
        ruleBytes(record.writer, wanted.writer, 'its writer')
        ruleBytes(record.body, wanted.body, 'its body')
        ruleBytes(record.signature, wanted.signature, 'its signature')
        rule(record.sequence === 1, 'its sequence')
      }
      rule(found(parts, crypto.randomBytes(32)).length === 0, 'nothing at another address')
    }),
    make(
      'a bucket gives the writers of an address in the order they came, and the newest of each',
      async ({ carrier }) => {
        const mine = subject(capability(carrier, 'directory'))
        const publish = publisher(options, mine)
        const address = crypto.randomBytes(32)
        const keys = [crypto.ed25519.generate(), crypto.ed25519.generate()] as const
        for (const key of keys) await publish(address, 1, key)
        await publish(address, 2, keys[0])
        const records = found(await walk(mine, 1), address)
        rule(
          records.map(({ sequence }) => sequence).join() === '2,1',
          'the first first, and what replaced it',
        )
        ruleBytes((records[0] as DirectoryRecord).writer, keys[0].publicKey, 'the first writer')
      },
    ),
  ]
}

function pagingCases(make: MakeCarrierCase, options: DirectoryComplianceOptions): ComplianceCase[] {
  const { crypto } = options
  const { sha256 } = crypto
  return [
    make(
      'a walk misses nothing that was there when it began, whatever comes meanwhile',
      async ({ carrier }) => {
        const mine = subject(capability(carrier, 'directory'))
        const publish = publisher(options, mine)
        const first = Array.from({ length: RECORDS }, () => crypto.randomBytes(32))
        for (const address of first) await publish(address)
        const parts: CrowdPart[] = []
        let after: Uint8Array | undefined
        do {
          const part: CrowdPart = await mine.buckets.fetch(WHOLE, { limit: 2, ...(after && { after }) })
          parts.push(part)
          after = part.next
          if (parts.length <= RECORDS) await publish(crypto.randomBytes(32))
        } while (after !== undefined && parts.length <= 4 * RECORDS)
        rule(after === undefined, 'a bucket has an end')
        const records = parts.flatMap((part) => part.records)
        for (const address of first)
          rule(records.filter((record) => record.open(address, sha256)).length === 1, 'each of them once')
      },
    ),
    make('what is no place in a bucket, no prefix, or aborted is refused', async ({ carrier }) => {
      const mine = subject(capability(carrier, 'directory'))
      const publish = publisher(options, mine)
      for (let i = 0; i < 3; i++) await publish(crypto.randomBytes(32))
      const { buckets } = mine
      await ruleRefused(() => buckets.fetch(WHOLE, { after: crypto.randomBytes(73) }), 'a place never given')
      await ruleRefused(() => buckets.fetch(WHOLE, { after: new Uint8Array(10_000) }), 'a long one')
      await ruleRefused(() => buckets.fetch({ bits: 25, prefix: 0 }), 'more bits than there are')
      await ruleRefused(() => buckets.fetch({ bits: 1, prefix: 2 }), 'a prefix beyond its bits')
      await ruleRefused(() => buckets.fetch(WHOLE, { limit: 0 }), 'a page without room')
      await ruleRefused(() => buckets.fetch(WHOLE, { signal: AbortSignal.abort() }), 'an aborted call')
    }),
  ]
}
