/** Fuzz target: any text as an event. What is accepted has the fields of an event and no others. */
import { NostrError, parseJson, verifyEvent } from '../src/index.js'
import { type FuzzTarget, nostr } from './support/target.js'

const FIELDS = 'content,created_at,id,kind,pubkey,sig,tags'

export const target: FuzzTarget = {
  name: 'event',
  run(input) {
    const event = verifyEvent(nostr, parseJson(new TextDecoder().decode(input)))
    if (event === null) throw new NostrError('nostr/forged-event')
    if (Object.keys(event).sort().join() !== FIELDS) throw new Error('took over another field')
  },
}
