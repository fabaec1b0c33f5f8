/** Opens the node of a home for the time of one command. */
import { type Clock, isHyphaeError, type Logger, type Store, type Transport } from '@hyphae/core'
import { createMessenger, type Messenger } from '@hyphae/messenger'
import type { Encryption } from '@hyphae/store'
import { levelStore } from '@hyphae/store/level'
import { relay } from '@hyphae/transport-relay'
import type { Call } from './command.js'
import type { Config } from './config.js'
import { CliError } from './errors.js'
import { readConfig, storeFolder, unlock } from './home.js'
import { LOCK_POLL_MS, LOCK_WAIT_MS, UNREACHABLE_AFTER_MS } from './limits.js'
import { commandLogger } from './log.js'
import { openWitness } from './witness.js'

export interface OpenNode {
  readonly node: Messenger
  /** Relays that took this account's record during this command. */
  readonly publishedAt: ReadonlySet<string>
  /** Resolves true when everything queued is stored with a relay, false when the signal fires first. */
  flush(signal: AbortSignal): Promise<boolean>
}

export interface NodeOptions {
  readonly relays: readonly string[]
  readonly handles: readonly string[]
  readonly encryption: Encryption
  readonly logger?: Logger
}

/** Runs `work` on the node of an existing home and closes it, whatever happens. */
export async function withNode(
  call: Call,
  work: (open: OpenNode, config: Config) => Promise<void>,
  logger?: Logger,
): Promise<void> {
  const config = await readConfig(call.home)
  const encryption = await unlock(call.home, config.lock, call.io)
  const open = await openNode(call, { ...config, encryption, ...(logger && { logger }) })
  try {
    if (open.node.id !== config.account) throw new CliError('cli/other-account')
    await work(open, config)
  } finally {
    await open.node.close()
  }
}

export async function openNode(call: Call, options: NodeOptions): Promise<OpenNode> {
  const { clock } = call.io
  const publishedAt = new Set<string>()
  const transports = options.relays.map((url) =>
    noticing(relay(url, { unreachableAfterMs: UNREACHABLE_AFTER_MS }), () => publishedAt.add(url)),
  )
  const witness = await openWitness(call.home)
  const store = await openStore(storeFolder(call.home), options.encryption, clock)
  const logger = options.logger ?? commandLogger(call.io)
  const node = await createMessenger({ transports, store, witness, handles: options.handles, clock, logger })
  return { node, publishedAt, flush: (signal) => flush(node, signal) }
}

/** The command before may still be letting go of it. */
async function openStore(folder: string, encryption: Encryption, clock: Clock): Promise<Store> {
  const start = clock.now()
  for (;;) {
    try {
      return await levelStore(folder, encryption)
    } catch (error) {
      if (!isHyphaeError(error, 'store/locked') || clock.now() - start >= LOCK_WAIT_MS) throw error
      await clock.sleep(LOCK_POLL_MS)
    }
  }
}

/** The same transport; `published` is called when its directory took the record. */
function noticing(transport: Transport, published: () => void): Transport {
  return async (components) => {
    const carrier = await transport(components)
    const { directory } = carrier
    if (directory === undefined) return carrier
    return {
      ...carrier,
      directory: {
        ...directory,
        publish: async (record, options) => {
          await directory.publish(record, options)
          published()
        },
      },
    }
  }
}

async function flush(node: Messenger, signal: AbortSignal): Promise<boolean> {
  try {
    await node.flush({ signal })
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}
