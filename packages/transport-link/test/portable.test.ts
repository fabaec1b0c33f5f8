import { defaultCrypto as crypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import { link } from '../src/index.js'

describe('without sockets', () => {
  it('a link says that there are none', () => {
    expect(() => link({ identity: crypto.ed25519.generate() })).toThrow(
      expect.objectContaining({ code: 'link/no-sockets' }),
    )
  })
})
