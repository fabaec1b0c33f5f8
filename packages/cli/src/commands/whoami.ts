/** `hyphae whoami`: from config.json alone, so it needs no relay, no passphrase and no lock. */
import type { Call, Command } from '../command.js'
import type { Config } from '../config.js'
import { UsageError } from '../errors.js'
import { readConfig } from '../home.js'

export const whoami: Command = {
  usage: ['hyphae whoami [--json]'],
  help: 'Shows the account of this home. Works offline and while another command uses the home.',
  options: {},
  run: async ({ args, home, print }: Call) => {
    if (args.words.length > 0) throw new UsageError('whoami takes no words.')
    const config = await readConfig(home)
    const rows = [
      ['account', config.account],
      ['device', config.device],
      ...config.handles.map((handle) => ['handle', handle]),
      ...config.relays.map((url) => ['relay', url]),
      ['lock', config.lock === 'key' ? 'key file' : 'passphrase'],
      ['home', home],
    ]
    const text = rows.map(([name = '', value]) => `${name.padEnd(8)} ${value}`).join('\n')
    await print.result(accountResult(config, home), text)
  },
}

export function accountResult(config: Config, home: string): Record<string, unknown> {
  const { account, device, lock, relays, handles } = config
  return { type: 'account', account, device, handles, relays, lock, home }
}
