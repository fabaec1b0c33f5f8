// RFC 9474 appendix A, the two variants with a salt: 4,096-bit keys.
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fromHex, toHex } from '@hyphae/core'
import { invert } from '@noble/curves/abstract/modular.js'
import { describe, expect, it } from 'vitest'
import { blindWith, finalize, rsaPublicKey, rsaVerify } from '../../src/tokens/rsa.js'
import { signBlinded, verifyNative } from '../../src/tokens/rsa.node.js'

interface Vector {
  readonly name: string
  readonly p: string
  readonly q: string
  readonly n: string
  readonly d: string
  readonly input_msg: string
  readonly salt: string
  readonly inv: string
  readonly blinded_msg: string
  readonly blind_sig: string
  readonly sig: string
}

const vectors: Vector[] = JSON.parse(readFileSync(new URL('./rfc9474.json', import.meta.url), 'utf8'))

const url = (value: bigint): string => {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url')
}

function keyPair({ p, q, n, d }: Vector) {
  const [P, Q, N, D] = [p, q, n, d].map((hex) => BigInt(`0x${hex}`)) as [bigint, bigint, bigint, bigint]
  const privateKey = createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'RSA',
      n: url(N),
      e: 'AQAB',
      d: url(D),
      p: url(P),
      q: url(Q),
      dp: url(D % (P - 1n)),
      dq: url(D % (Q - 1n)),
      qi: url(invert(Q, P)),
    },
  })
  return { privateKey, publicKey: createPublicKey(privateKey), modulus: fromHex(n) }
}

describe.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
  const key = rsaPublicKey(fromHex(vector.n))
  const r = invert(BigInt(`0x${vector.inv}`), key.n)
  const message = fromHex(vector.input_msg)
  const blinded = blindWith(key, message, { salt: fromHex(vector.salt), r })

  it('blinds as the RFC', () => {
    expect(toHex(blinded?.request as Uint8Array)).toBe(vector.blinded_msg)
  })

  it('signs blindly as the RFC', () => {
    expect(toHex(signBlinded(keyPair(vector), fromHex(vector.blinded_msg)))).toBe(vector.blind_sig)
  })

  it('finalizes and verifies as the RFC', () => {
    if (blinded === null) throw new Error('not blinded')
    const signature = finalize(key, blinded.blinding, fromHex(vector.blind_sig))
    expect(toHex(signature)).toBe(vector.sig)
    expect(rsaVerify(key, message, signature)).toBe(true)
    expect(verifyNative(keyPair(vector).publicKey, message, signature)).toBe(true)
  })
})

it('has both variants with a salt', () => {
  expect(vectors.map(({ name }) => name)).toEqual([
    'RSABSSA-SHA384-PSS-Randomized',
    'RSABSSA-SHA384-PSS-Deterministic',
  ])
})
