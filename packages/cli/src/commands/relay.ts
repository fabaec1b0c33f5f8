/** `hyphae relay`: a store-and-forward server until it is told to stop, its backup and its settings. */
import { join } from 'node:path'
import { isHyphaeError } from '@hyphae/core'
import { RELAY_FORMS, RELAY_HELP, RELAY_OPTIONS, runRelayCommand } from '@hyphae/relay'
import type { Call, Command } from '../command.js'
import { UsageError } from '../errors.js'

export const relayCommand: Command = {
  usage: RELAY_FORMS.map((form) => `hyphae relay ${form}`),
  help: RELAY_HELP,
  options: RELAY_OPTIONS,
  run: runRelay,
}

async function runRelay({ args, home, io, print }: Call): Promise<void> {
  const given = Object.keys(RELAY_OPTIONS).filter((name) => args.texts(name).length > 0)
  try {
    await runRelayCommand({
      words: args.words,
      flags: Object.fromEntries(given.map((name) => [name, args.texts(name)])),
      env: io.env,
      data: join(home, 'relay'),
      clock: io.clock,
      signal: io.signal,
      ...(io.onHangup !== undefined && { onReload: io.onHangup }),
      result: print.result,
      note: print.note,
      log: (line) => io.stderr.write(line),
    })
  } catch (error) {
    if (isHyphaeError(error, 'relay/bad-setting')) throw misused(String(error.details.setting), error)
    throw error
  }
}

/** What stands on the command line is told as the command line's own mistakes are. */
function misused(setting: string, error: Error & { details: Readonly<Record<string, unknown>> }): Error {
  if (!setting.startsWith('--')) return error
  const what = setting === '--' ? 'relay' : setting
  return new UsageError(`${what}: ${String(error.details.reason)}.`)
}
