/** What every Directory must do (spec/transport.md, "Directory"). */
import type { Directory, DirectoryRecord } from '@hyphae/core'
import type { Ed25519PrivateKey } from '@hyphae/crypto'
import { capability, type MakeCarrierCase, type OpenCarrier } from './carrier-subject.js'
import { again, type ComplianceCase, caseWith, given, rule, ruleBytes, ruleRefused } from './compliance.js'
import type { DirectoryComplianceOptions } from './directory-subject.js'
import { PATIENCE_MS } from './limits.js'
import { stockCases } from './stock-compliance.js'

/** Each case opens a fresh network. */
export function directoryCompliance(
  open: OpenCarrier,
  options: DirectoryComplianceOptions,
): ComplianceCase[] {
  const make = caseWith(open)
  const cases = [...recordCases(make, options), ...stockCases(make, options)]
  return options.checksSignatures === false ? cases : [...cases, ...signatureCases(make, options)]
}

function recordCases(make: MakeCarrierCase, options: DirectoryComplianceOptions): ComplianceCase[] {
  const { crypto, signRecord } = options
  const bodies = async (directory: Directory, address: Uint8Array): Promise<string> =>
    (await directory.lookup(address)).map(({ body }) => body.join()).join('|')
  return [
    make('lookup gives what was published, and nothing elsewhere', async ({ carrier, other }) => {
      const [mine, yours] = [capability(carrier, 'directory'), capability(other ?? carrier, 'directory')]
      const key = crypto.ed25519.generate()
      const address = crypto.randomBytes(32)
      const record = signRecord(key, { address, sequence: 1, body: crypto.randomBytes(300) })
      await mine.publish(record)
      const [found, ...more] = await yours.lookup(address)
      rule(found !== undefined && more.length === 0, 'one record')
      ruleBytes(found.body, record.body, 'its body')
      ruleBytes(found.writer, key.publicKey, 'its writer')
      ruleBytes(found.signature, record.signature, 'its signature')
      rule(found.sequence === 1, 'its sequence')
      rule((await yours.lookup(crypto.randomBytes(32))).length === 0, 'an unknown address is empty')
    }),
    make('a record is replaced by a higher sequence only', async ({ carrier }) => {
      const directory = capability(carrier, 'directory')
      const key = crypto.ed25519.generate()
      const address = crypto.randomBytes(32)
      const record = (sequence: number, body: number): DirectoryRecord =>
        signRecord(key, { address, sequence, body: Uint8Array.of(body) })
      await directory.publish(record(5, 5))
      await directory.publish(record(5, 5))
      await ruleRefused(() => directory.publish(record(4, 4)), 'a lower sequence')
      await ruleRefused(() => directory.publish(record(5, 6)), 'another record with the same sequence')
      rule((await bodies(directory, address)) === '5', 'the first stands')
      await directory.publish(record(9, 9))
      rule((await bodies(directory, address)) === '9', 'the higher one replaces it')
    }),
    make('an aborted call of a directory is refused', async ({ carrier }) => {
      const directory = capability(carrier, 'directory')
      const record = signRecord(crypto.ed25519.generate(), {
        address: crypto.randomBytes(32),
        sequence: 1,
        body: Uint8Array.of(1),
      })
      const io = { signal: AbortSignal.abort() }
      await ruleRefused(() => directory.publish(record, io), 'a publishing')
      await ruleRefused(() => directory.lookup(record.address, io), 'a lookup')
      await ruleRefused(() => directory.take(record.writer, 1, io), 'a taking')
      rule((await directory.lookup(record.address)).length === 0, 'nothing was stored')
    }),
    make('calls go on when the connection was cut', async (subject) => {
      const { carrier, other = carrier } = subject
      const [mine, yours] = [capability(carrier, 'directory'), capability(other, 'directory')]
      given(subject.cut, 'cut')
      const key = crypto.ed25519.generate()
      const address = crypto.randomBytes(32)
      const { patienceMs = PATIENCE_MS } = options
      for (let round = 1; round <= 3; round++) {
        const record = signRecord(key, { address, sequence: round, body: Uint8Array.of(round) })
        await again(() => mine.publish(record), patienceMs)
        await subject.cut()
        const found = await again(() => bodies(yours, address), patienceMs)
        rule(found === `${round}`, 'what was published before it was cut stands')
      }
    }),
    make('writers at one address stand side by side, the first first', async ({ carrier }) => {
      const directory = capability(carrier, 'directory')
      const address = crypto.randomBytes(32)
      const keys = [crypto.ed25519.generate(), crypto.ed25519.generate()]
      for (const [index, key] of keys.entries())
        await directory.publish(signRecord(key, { address, sequence: 1, body: Uint8Array.of(index) }))
      const first = keys[0] as Ed25519PrivateKey
      await directory.publish(signRecord(first, { address, sequence: 2, body: Uint8Array.of(7) }))
      rule((await bodies(directory, address)) === '7|1', 'nobody replaces another, replacing keeps the place')
    }),
  ]
}

function signatureCases(make: MakeCarrierCase, options: DirectoryComplianceOptions): ComplianceCase[] {
  const { crypto, signRecord, signStock } = options
  return [
    make('forged records and uploads are refused', async ({ carrier }) => {
      const directory = capability(carrier, 'directory')
      const key = crypto.ed25519.generate()
      const other = crypto.ed25519.generate().publicKey
      const address = crypto.randomBytes(32)
      const record = signRecord(key, { address, sequence: 1, body: Uint8Array.of(1) })
      await ruleRefused(() => directory.publish({ ...record, sequence: 2 }), 'another sequence')
      await ruleRefused(() => directory.publish({ ...record, body: Uint8Array.of(2) }), 'another body')
      await ruleRefused(() => directory.publish({ ...record, writer: other }), 'another writer')
      rule((await directory.lookup(address)).length === 0, 'nothing was stored')
      const statement = { kind: 1, sequence: 1, items: [Uint8Array.of(1)], lastResort: new Uint8Array() }
      const upload = signStock(key, { ...statement, replace: false })
      await ruleRefused(() => directory.stock({ ...upload, items: [Uint8Array.of(2)] }), 'another item')
      await ruleRefused(() => directory.stock({ ...upload, replace: true }), 'replacing what was to be kept')
      rule((await directory.remaining(key.publicKey, 1)) === 0, 'nothing was stocked')
    }),
  ]
}
