// RFC 9578 appendix A.2: issuance of type 2 tokens.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { concatBytes, equalBytes, fromHex, toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { verifyToken } from '@hyphae/payment'
import { describe, expect, it } from 'vitest'
import { blindWith, finalize, rsaPublicKey } from '../../src/tokens/rsa.js'
import { importRsa, signBlinded } from '../../src/tokens/rsa.node.js'
import { challengeDigest, issuerKey } from '../../src/tokens/token.js'

interface Vector {
  readonly skS: string
  readonly pkS: string
  readonly token_challenge: string
  readonly nonce: string
  readonly blind: string
  readonly salt: string
  readonly token_request: string
  readonly token_response: string
  readonly token: string
}

const vectors: Vector[] = JSON.parse(readFileSync(new URL('./rfc9578.json', import.meta.url), 'utf8'))

/** The vectors keep the key as the hexadecimal form of a PEM file. */
function privateKey({ skS }: Vector) {
  const pem = Buffer.from(skS, 'hex').toString('latin1')
  return importRsa(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'))
}

describe.each(vectors.map((vector, i) => [i, vector] as const))('vector %i', (_i, vector) => {
  const pair = privateKey(vector)
  const key = issuerKey(crypto, pair.modulus)
  const digest = createHash('sha256').update(fromHex(vector.token_challenge)).digest()
  const message = concatBytes(Uint8Array.of(0, 2), fromHex(vector.nonce), digest, key.id)
  const r = BigInt(`0x${vector.blind}`)
  const blinded = blindWith(rsaPublicKey(key.modulus), message, { salt: fromHex(vector.salt), r })

  it('names the key by the SPKI of the RFC', () => {
    expect(toHex(key.id)).toBe(createHash('sha256').update(fromHex(vector.pkS)).digest('hex'))
  })

  it('asks, signs and finishes as the RFC', () => {
    if (blinded === null) throw new Error('not blinded')
    const request = concatBytes(Uint8Array.of(0, 2), key.id.subarray(31), blinded.request)
    expect(toHex(request)).toBe(vector.token_request)
    expect(toHex(signBlinded(pair, blinded.request))).toBe(vector.token_response)
    const signature = finalize(rsaPublicKey(key.modulus), blinded.blinding, fromHex(vector.token_response))
    expect(toHex(concatBytes(message, signature))).toBe(vector.token)
  })
})

it('verifies a token whose challenge is of our shape: a name, no context, no origin', () => {
  const ours = vectors.filter(({ token_challenge: hex }) =>
    equalBytes(createHash('sha256').update(fromHex(hex)).digest(), challengeDigest(crypto, 'issuer.example')),
  )
  expect(ours.length).toBeGreaterThan(0)
  for (const vector of ours) {
    const key = issuerKey(crypto, privateKey(vector).modulus)
    expect(verifyToken(crypto, fromHex(vector.token), key, 'issuer.example')).toBe(true)
    expect(verifyToken(crypto, fromHex(vector.token), key, 'other.example')).toBe(false)
  }
})
