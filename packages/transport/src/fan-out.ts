/**
 * Several carriers as one (spec/transport.md, "Several carriers"): the same frames over all of them, deduped.
 *
 * `put` resolves when one carrier has stored everything; what the others said goes to the logger. Nothing is
 * retried behind the caller's back, except watching. Carries Mailbox, Directory and Blobs; offers each if at
 * least one of the carriers does.
 */
import {
  CARRIER_PRIVACY,
  type Carrier,
  type CarrierTraits,
  type Clock,
  type Logger,
  silentLogger,
  systemClock,
} from '@hyphae/core'
import { systemRandom } from './backoff.js'
import { TransportError } from './errors.js'
import { fanOutBlobs, type VerifyBlob } from './fan-out-blobs.js'
import { fanOutDirectory } from './fan-out-directory.js'
import { fanOutMailbox } from './fan-out-mailbox.js'
import { createAsker } from './first-success.js'

export interface FanOutOptions {
  readonly clock?: Clock
  readonly logger?: Logger
  /** Uniform in [0, 1): spreads retries. */
  readonly random?: () => number
  /** Checks a blob against its hash, so that a wrong answer makes the next carrier be asked. */
  readonly verifyBlob?: VerifyBlob
}

/**
 * Takes the carriers over: closing it closes them. Order matters to `take`, `stock` and blobs: the first is
 * asked first.
 * @throws TransportError `transport/unsupported` without carriers
 */
export function fanOut(carriers: readonly Carrier[], options: FanOutOptions = {}): Carrier {
  if (carriers.length === 0) throw new TransportError('transport/unsupported', { details: { carriers: 0 } })
  const { clock = systemClock, logger = silentLogger, random = systemRandom } = options
  const asker = createAsker(logger)
  let index = 0
  const nextIndex = (): number => {
    index += 1
    return index
  }
  const close = async (): Promise<void> => {
    await Promise.allSettled(carriers.map((carrier) => carrier.close()))
  }
  const mailboxes = carriers.flatMap(({ name, mailbox }) => (mailbox ? [{ name, mailbox }] : []))
  const directories = carriers.flatMap(({ name, directory }) => (directory ? [{ name, directory }] : []))
  const blobs = carriers.flatMap(({ name, blobs }) => (blobs ? [{ name, blobs }] : []))
  return {
    name: `fan-out of ${carriers.map(({ name }) => name).join(', ')}`,
    traits: combineTraits(carriers.map(({ traits }) => traits)),
    ...(mailboxes.length > 0 && {
      mailbox: fanOutMailbox(mailboxes, asker, { clock, logger, random, nextIndex }),
    }),
    ...(directories.length > 0 && { directory: fanOutDirectory(directories, asker) }),
    ...(blobs.length > 0 && { blobs: fanOutBlobs(blobs, asker, options.verifyBlob) }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** What a frame can count on: it must fit every carrier, and the best of them is fast enough. */
export function combineTraits(traits: readonly CarrierTraits[]): CarrierTraits {
  return {
    mtu: Math.min(...traits.map(({ mtu }) => mtu)),
    bandwidthBps: Math.max(...traits.map(({ bandwidthBps }) => bandwidthBps)),
    latencyMs: Math.min(...traits.map(({ latencyMs }) => latencyMs)),
    reliable: traits.some(({ reliable }) => reliable),
    ordered: traits.length === 1 && traits.every(({ ordered }) => ordered),
    metered: traits.some(({ metered }) => metered),
    privacy: CARRIER_PRIVACY.find((level) => traits.some(({ privacy }) => privacy === level)) ?? 'direct',
  }
}
