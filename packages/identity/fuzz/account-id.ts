/** Fuzz target: any text as an account id. What is accepted is the one text of its key. */
import { accountId, accountKey } from '../src/index.js'
import type { FuzzTarget } from './target.js'

export const target: FuzzTarget = {
  name: 'account-id',
  run(input) {
    const text = new TextDecoder().decode(input)
    if (accountId(accountKey(text)) !== text) throw new Error('accepted a second text')
  },
}
