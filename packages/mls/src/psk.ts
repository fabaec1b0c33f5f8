/**
 * Pre-shared keys (RFC 9420 section 8.4), for groups shared with other programs alone: ours neither ask for one
 * nor take one.
 */
import type { PreSharedKeyID } from 'ts-mls'
import { accumulatePskSecret } from 'ts-mls/pskIndex.js'
import type { MlsContext } from './context.js'
import { MlsError, type MlsErrorCode } from './errors.js'
import type { SuiteImpl } from './provider.js'

/**
 * What goes into the key schedule: zeros when there is none.
 * @throws MlsError `code` when one is asked for that is not at hand
 */
export async function pskSecretOf(
  ctx: MlsContext,
  cs: SuiteImpl,
  ids: readonly PreSharedKeyID[],
  code: MlsErrorCode,
): Promise<Uint8Array> {
  const none = new Uint8Array(cs.kdf.size)
  if (ids.length === 0) return none
  const find = ctx.interop?.wide?.psk
  if (find === undefined) throw new MlsError(code)
  const search = {
    findPsk: (id: PreSharedKeyID): Uint8Array | undefined =>
      (id.psktype === 'external'
        ? find({ kind: 'external', id: id.pskId.slice() })
        : find({ kind: 'resumption', groupId: id.pskGroupId.slice(), epoch: Number(id.pskEpoch) })) ??
      undefined,
  }
  const [secret] = await accumulatePskSecret([...ids], search, cs, none)
  return secret
}
