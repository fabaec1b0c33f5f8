/** What every Blobs must do (spec/transport.md, "Blobs"). */
import type { Blob } from '@hyphae/core'
import { type CarrierComplianceOptions, capability, type OpenCarrier } from './carrier-subject.js'
import { again, type ComplianceCase, caseWith, given, rule, ruleBytes, ruleRefused } from './compliance.js'
import { PATIENCE_MS } from './limits.js'

export interface BlobsComplianceOptions extends CarrierComplianceOptions {
  /** The carrier verifies hashes. Left out or true: a blob under a wrong hash must be refused. */
  readonly checksHashes?: boolean
}

/** Each case opens a fresh network. */
export function blobsCompliance(open: OpenCarrier, options: BlobsComplianceOptions): ComplianceCase[] {
  const make = caseWith(open)
  const { crypto } = options
  const blob = (size: number): Blob => {
    const data = crypto.randomBytes(size)
    return { hash: crypto.sha256(data), data }
  }
  const cases = [
    make('get gives blobs in the order asked, undefined for the missing', async ({ carrier, other }) => {
      const [mine, yours] = [capability(carrier, 'blobs'), capability(other ?? carrier, 'blobs')]
      const [a, b, missing] = [blob(4096), blob(4096), blob(4096)]
      await mine.put([a, b])
      const found = await yours.get([b.hash, missing.hash, a.hash])
      rule(found.length === 3, 'one answer a hash')
      ruleBytes(found[0], b.data, 'the first asked')
      rule(found[1] === undefined, 'the missing one')
      ruleBytes(found[2], a.data, 'the last asked')
    }),
    make('has tells which are there', async ({ carrier }) => {
      const blobs = capability(carrier, 'blobs')
      const [a, missing] = [blob(4096), blob(4096)]
      rule((await blobs.has([a.hash])).join() === 'false', 'before')
      await blobs.put([a])
      rule((await blobs.has([missing.hash, a.hash])).join() === 'false,true', 'after, in order')
    }),
    make('putting again is harmless', async ({ carrier }) => {
      const blobs = capability(carrier, 'blobs')
      const a = blob(4096)
      await blobs.put([a])
      await blobs.put([a, a])
      ruleBytes((await blobs.get([a.hash]))[0], a.data, 'the same blob')
    }),
    make('empty lists are answered', async ({ carrier }) => {
      const blobs = capability(carrier, 'blobs')
      await blobs.put([])
      rule((await blobs.get([])).length === 0 && (await blobs.has([])).length === 0, 'with empty lists')
    }),
    make('a blob that is too large is refused', async ({ carrier }) => {
      const blobs = capability(carrier, 'blobs')
      const [good, large] = [blob(4096), blob(4097)]
      await ruleRefused(() => blobs.put([large]), '4097 bytes')
      await ruleRefused(() => blobs.put([good, large]), 'beside a good one')
      rule((await blobs.has([large.hash])).join() === 'false', 'it was not stored')
    }),
    make('an aborted call for blobs is refused', async ({ carrier }) => {
      const blobs = capability(carrier, 'blobs')
      const a = blob(4096)
      const io = { signal: AbortSignal.abort() }
      await ruleRefused(() => blobs.put([a], io), 'a put')
      await ruleRefused(() => blobs.get([a.hash], io), 'a get')
      await ruleRefused(() => blobs.has([a.hash], io), 'a question')
      rule((await blobs.has([a.hash])).join() === 'false', 'nothing was stored')
    }),
    make('fifty blobs at once', async ({ carrier }) => {
      const blobs = capability(carrier, 'blobs')
      const many = Array.from({ length: 50 }, () => blob(4096))
      await blobs.put(many)
      const found = await blobs.get(many.map(({ hash }) => hash))
      many.forEach(({ data }, index) => {
        ruleBytes(found[index], data, 'each as it was')
      })
    }),
    make('calls for blobs go on when the connection was cut', async (subject) => {
      const { carrier, other = carrier } = subject
      const [mine, yours] = [capability(carrier, 'blobs'), capability(other, 'blobs')]
      given(subject.cut, 'cut')
      const { patienceMs = PATIENCE_MS } = options
      for (let round = 0; round < 3; round++) {
        const one = blob(4096)
        await again(() => mine.put([one]), patienceMs)
        await subject.cut()
        const [found] = await again(() => yours.get([one.hash]), patienceMs)
        ruleBytes(found, one.data, 'what was put before it was cut')
      }
    }),
  ]
  if (options.checksHashes === false) return cases
  const forged = make('a blob under another hash is refused', async ({ carrier }) => {
    const blobs = capability(carrier, 'blobs')
    const hash = blob(4096).hash
    await ruleRefused(() => blobs.put([{ hash, data: blob(4096).data }]), 'a wrong hash')
    rule((await blobs.has([hash])).join() === 'false', 'it was not stored')
  })
  return [...cases, forged]
}
