/** `hyphae send`: a text or a file to one account. */
import { accountKey, normalizeHandle } from '@hyphae/identity'
import type { Call, Command } from '../command.js'
import { DELIVERY_HELP, DELIVERY_OPTIONS, deliver, readOutgoing, readWish } from '../delivery.js'
import { UsageError } from '../errors.js'
import { withNode } from '../node.js'

export const send: Command = {
  usage: ['hyphae send WHO TEXT…', 'hyphae send WHO -', 'hyphae send WHO --file PATH'],
  help: `WHO is an account id (hyphae1…) or a handle (user@domain); - reads the text from stdin.
Prints the message's id and how far it got: queued here, stored at the relay, delivered, read.
A message that is queued is never lost: later commands go on sending it.

${DELIVERY_HELP}`,
  options: DELIVERY_OPTIONS,
  run: runSend,
}

async function runSend(call: Call): Promise<void> {
  const [who, ...words] = call.args.words
  if (who === undefined) throw new UsageError('Name the account to send to.')
  checkRecipient(who)
  const wish = readWish(call, 'account')
  const outgoing = await readOutgoing(call, words)
  await withNode(call, async (open) => {
    const chat = await open.node.conversation(who, { signal: call.io.signal })
    await deliver(call, open, chat, outgoing, wish)
  })
}

/** @throws UsageError, IdentityError `identity/bad-account-id`, `identity/bad-handle` */
function checkRecipient(who: string): void {
  if (who.startsWith('hyphae1')) accountKey(who)
  else if (who.includes('@')) normalizeHandle(who)
  else throw new UsageError('WHO is an account id (hyphae1…) or a handle (user@domain).')
}
