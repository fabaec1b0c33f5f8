/** `hyphae init`: a home with an account, published where a relay can be reached. */
import { normalizeHandle } from '@hyphae/identity'
import { relay } from '@hyphae/transport-relay'
import type { Call, Command } from '../command.js'
import { UsageError } from '../errors.js'
import { makeHome, makeLock, writeConfig } from '../home.js'
import { MAX_HANDLES, MAX_RELAYS } from '../limits.js'
import { openNode } from '../node.js'
import { accountResult } from './whoami.js'

export const init: Command = {
  usage: ['hyphae init --relay URL [--relay URL…] [--handle USER@DOMAIN] [--passphrase]'],
  help: `Makes a home with a new account and prints the account's id. The store is encrypted, by a
random key in the home or, with --passphrase, by what you type or set in HYPHAE_PASSPHRASE.

  --relay URL           where mail is kept for you: ws://host:port or wss://host
  --handle USER@DOMAIN  a name that the account claims
  --passphrase          lock the store with a passphrase instead of a key file`,
  options: {
    relay: { type: 'string', multiple: true },
    handle: { type: 'string', multiple: true },
    passphrase: { type: 'boolean' },
  },
  run: runInit,
}

async function runInit(call: Call): Promise<void> {
  const { args, home, io, print } = call
  if (args.words.length > 0)
    throw new UsageError('init takes no words, only options. A passphrase is never one of them.')
  const relays = [...new Set(args.texts('relay'))]
  if (relays.length === 0) throw new UsageError('Name at least one relay: --relay ws://host:port.')
  if (relays.length > MAX_RELAYS) throw new UsageError(`At most ${MAX_RELAYS} relays.`)
  for (const url of relays) relay(url)
  const handles = [...new Set(args.texts('handle').map(normalizeHandle))]
  if (handles.length > MAX_HANDLES) throw new UsageError(`At most ${MAX_HANDLES} handles.`)
  const lock = args.flag('passphrase') ? 'passphrase' : 'key'
  await makeHome(home)
  const encryption = await makeLock(home, lock, io)
  const { node, publishedAt } = await openNode(call, { relays, handles, encryption })
  try {
    const config = { version: 1, account: node.id, device: node.deviceId, lock, relays, handles } as const
    await writeConfig(home, config)
    const published = publishedAt.size > 0
    await print.result({ ...accountResult(config, home), published }, node.id)
    await print.note(published ? `Published. Others reach you by this id.` : notPublished(relays))
  } finally {
    await node.close()
  }
  await print.note(
    lock === 'key'
      ? `Home: ${home}. Whoever has its file "key" and its store can read everything: keep both to yourself.`
      : `Home: ${home}. Without the passphrase nobody opens it, you included.`,
  )
}

function notPublished(relays: readonly string[]): string {
  return `Not published yet: ${relays.join(', ')} did not answer. The next command that reaches a relay does it.`
}
