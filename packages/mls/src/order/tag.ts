/** What an epoch is called. */
import { toHex } from '@hyphae/core'
import type { MlsContext } from '../context.js'
import { exportSecret } from '../group.js'
import type { GroupState } from '../state.js'
import { TAG_BYTES } from './limits.js'

/** An epoch by its tag: 32 hexadecimal digits. */
export type EpochTag = string

/** Known to the members of the epoch alone, until one of them sends under it. @throws MlsError `mls/removed` */
export async function tagOf(ctx: MlsContext, state: GroupState): Promise<EpochTag> {
  return toHex(await exportSecret(ctx, state, 'hyphae order tag', new Uint8Array(), TAG_BYTES))
}
