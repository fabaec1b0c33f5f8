/**
 * A relay as the sequencer of a group's commits: a log for each epoch, whose first entry is the commit that won.
 *
 * spec/relay.md section 3.4, spec/ordering.md section 7. The relay cannot tell that two logs are of one group. It
 * cannot forge a commit; whatever it does costs the group time alone.
 */
import { concatBytes, type IoOptions, utf8 } from '@hyphae/core'
import { MAX_LOG_ENTRY_BYTES } from './limits.js'
import type { LogKey, Logs } from './logs.js'
import type { Sha256 } from './wire/work.js'

const LABEL = utf8('hyphae relay sequencer v1')
/** What an entry holds: the commit, or, when it is too large, its hash. */
const WHOLE = 0
const HASHED = 1

/** As `@hyphae/mls/order` asks for it. */
export interface RelaySequencer {
  submit(
    group: string,
    parent: string,
    envelope: Uint8Array,
    options?: IoOptions,
  ): Promise<'accepted' | 'taken'>
}

export interface SequencerOptions {
  readonly logs: Logs
  /** The Ed25519 key with this 32-byte seed. */
  keyOf(seed: Uint8Array): LogKey
  readonly sha256: Sha256
  /** Known to the group alone, when those who have seen an epoch's tag are to be kept out. */
  secretOf?(group: string, parent: string): Uint8Array
}

function framed(bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(bytes.length & 0xff, bytes.length >>> 8), bytes)
}

/** The seed of the key of an epoch's log: the same for all its members. */
export function sequencerSeed(group: string, parent: string, secret: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(concatBytes(LABEL, framed(utf8(group)), framed(utf8(parent)), secret))
}

const NO_SECRET = new Uint8Array(0)

export function relaySequencer({ logs, keyOf, sha256, secretOf }: SequencerOptions): RelaySequencer {
  return {
    submit: async (group, parent, envelope, options) => {
      const seed = sequencerSeed(group, parent, secretOf?.(group, parent) ?? NO_SECRET, sha256)
      const fits = envelope.length < MAX_LOG_ENTRY_BYTES
      const entry = concatBytes(Uint8Array.of(fits ? WHOLE : HASHED), fits ? envelope : sha256(envelope))
      const { appended } = await logs.append(keyOf(seed), 0, entry, options)
      return appended ? 'accepted' : 'taken'
    },
  }
}
