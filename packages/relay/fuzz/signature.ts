/** Fuzz target: the fields of a signed request, a line each. Any text is read or refused, and nothing is thrown. */

import { defaultCrypto as crypto } from '@hyphae/crypto'
import { serializeInnerList } from 'structured-headers'
import { digestMatches } from '../src/rest/digest.js'
import { readSignature, signatureBase } from '../src/rest/signature.js'
import type { FuzzTarget } from './target.js'

function messageOf([input = '', signature = '', other = '']: readonly string[]) {
  const fields: Readonly<Record<string, string>> = { 'signature-input': input, signature, date: other }
  return {
    method: 'GET',
    authority: 'relay.example',
    path: '/api/v1/messages/queue',
    query: '?',
    field: (name: string): string[] | undefined => {
      const value = Object.hasOwn(fields, name) ? fields[name] : undefined
      return value === undefined ? undefined : [value]
    },
  }
}

export const target: FuzzTarget = {
  name: 'relay/signature',
  run: (input) => {
    const message = messageOf(Buffer.from(input).toString('latin1').split('\n'))
    digestMatches(message.field('date')?.[0] ?? '', input, crypto)
    const signed = readSignature(message)
    if (signed === undefined || signed === null) return
    const base = signatureBase(signed.input, message)
    if (base === undefined) return
    const [first = ''] = base.split('\n')
    if (!/^"[^"]+": [\x20-\x7e]*$/.test(first)) throw new Error('a line of the base is none')
    if (!base.endsWith(`"@signature-params": ${serializeInnerList(signed.input)}`))
      throw new Error('the base does not end with its parameters')
  },
}
