/**
 * The intro box, a new one each week (spec/messenger.md section 1.2): the certificate is made anew with it, and the
 * record that is published with that. The old box is read on, for those who know only an old certificate.
 */
import { certifyDevice, encodeDeviceCertificate, encodeDeviceKeys } from '@hyphae/identity'
import { boxKeyAt, homeOf } from './boxes.js'
import { type NodeContext, transact, type Work } from './context.js'
import { INTRO_EPOCH_MS } from './limits.js'
import { boxesTable, type SelfRow, selfTable } from './rows.js'
import { readSelf } from './self.js'

/** Makes a new intro box when the present one has stood long enough. */
export async function rotateIntroWhenDue(context: NodeContext): Promise<void> {
  if (context.mode === 'thin') return
  const changed = await transact(context, async (tx) => {
    const row = await selfTable.get(tx)
    if (row === undefined) return undefined
    const elapsed = context.clock.now() - row.introSince
    return elapsed < 0 || elapsed >= INTRO_EPOCH_MS ? rotateIntro(context, tx, row) : undefined
  })
  if (changed === undefined) return
  context.self = readSelf({ crypto: context.crypto, handles: context.self.handles }, changed)
  context.signals.boxes.fire()
}

async function rotateIntro(context: NodeContext, tx: Work, row: SelfRow): Promise<SelfRow> {
  const { crypto, self } = context
  const now = context.clock.now()
  const old = self.device.introBox.publicKey
  // At the same home: else whoever reads boxes by their buckets would read two of them.
  const introBox = boxKeyAt(crypto, homeOf(old))
  const device = { ...self.device, introBox }
  // Later than the last one by its own word, so that those who meet both know which holds, whatever the clock does.
  const after = Math.max(now, self.certificate.createdAt + 1)
  const certificate = certifyDevice(crypto, self.account, device, { now: after })
  const before = await boxesTable.get(tx, old)
  if (before?.kind === 'intro') boxesTable.put(tx, { ...before, replacedAt: Math.max(1, now) }, old)
  boxesTable.put(
    tx,
    { kind: 'intro', seed: crypto.ed25519.exportSeed(introBox), replacedAt: 0 },
    introBox.publicKey,
  )
  const changed: SelfRow = {
    ...row,
    deviceKeys: encodeDeviceKeys(crypto, device),
    certificate: encodeDeviceCertificate(certificate),
    introSince: now,
  }
  selfTable.put(tx, changed)
  return changed
}
