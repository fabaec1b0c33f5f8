// Hostile case 49: no secret in what is printed, thrown or serialised.
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { secretsOf } from '../../src/forget.js'
import {
  createKeyPackage,
  encodeGroup,
  encryptMessage,
  type GroupState,
  joinGroup,
  processMessage,
  updateSelf,
} from '../../src/index.js'
import { unwrapState } from '../../src/state.js'
import { device, groupOf, text } from '../helpers.js'

const forms = (secret: Uint8Array): string[] => [
  Buffer.from(secret).toString('hex'),
  Buffer.from(secret).toString('base64'),
  [...secret].join(','),
  [...secret].join(', '),
]

function shown(value: unknown): string {
  const options = { depth: null, showHidden: true, maxArrayLength: null, maxStringLength: null }
  return [inspect(value, options), String(value), JSON.stringify(value) ?? ''].join('\n')
}

describe('hostile 49: secrets of a group', () => {
  it('are in no printed state', async () => {
    const [a, b] = [device('a'), device('b')]
    for (const state of await groupOf([a, b])) {
      const output = shown(state)
      for (const secret of secretsOf(unwrapState(state)))
        for (const form of forms(secret)) if (form.length > 8) expect(output).not.toContain(form)
      expect(Object.keys(structuredClone(state))).toEqual(['kind'])
    }
  })

  it('are in no error, nor is what was being sent', async () => {
    const [a, b] = [device('a'), device('b')]
    const [sa, sb] = (await groupOf([a, b])) as [GroupState, GroupState]
    const canary = text('CANARY: the text of a private message')
    const { message } = await encryptMessage(a.ctx, sa, canary, text('aad'))
    const { commit } = await updateSelf(a.ctx, sa)
    const offer = await createKeyPackage(b.ctx, b.identity)
    const errors: unknown[] = []
    const fails = async (run: () => unknown): Promise<void> => {
      try {
        await run()
      } catch (error) {
        errors.push(error)
      }
    }
    for (const bytes of [message, commit])
      for (let i = 0; i < bytes.length; i += 5) {
        const changed = bytes.slice()
        changed[i] = (changed[i] as number) ^ 0x21
        await fails(() => processMessage(b.ctx, sb, changed))
      }
    await fails(() => joinGroup(b.ctx, { ...offer, welcome: commit }))
    await fails(() => joinGroup(b.ctx, { ...offer, secret: offer.secret.subarray(1), welcome: commit }))
    expect(errors.length).toBeGreaterThan(50)
    const output = errors.map(shown).join('\n')
    const secrets = [...secretsOf(unwrapState(sb)), ...secretsOf(unwrapState(sa)), canary]
    secrets.push(offer.secret.slice(1, 33), offer.secret.slice(33, 65), encodeGroup(sb).slice(0, 64))
    for (const secret of secrets)
      for (const form of forms(secret)) if (form.length > 8) expect(output).not.toContain(form)
    expect(output).not.toContain('CANARY')
  })
})
