// What a page does of payment, hops and push: blinding and finishing tokens, sealing requests and subscriptions.
import { concatBytes, fromHex, toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { issuerKey, requestToken, verifyToken } from '@hyphae/payment'
import {
  openHopAnswer,
  openHopRequest,
  sealHopAnswer,
  sealHopRequest,
  startHop,
} from '@hyphae/transport-relay/hops'
import { openPushToken, sealPushToken } from '@hyphae/transport-relay/push'
import { HOP_SIZES } from '@hyphae/transport-relay/wire'
import { expect, it } from 'vitest'
import { blindWith, finalize, rsaPublicKey } from '../../packages/payment/src/tokens/rsa.js'
import vectors from '../../packages/payment/test/vectors/rfc9578.json' with { type: 'json' }

/** The modulus lies before the exponent, at the end of the SPKI. */
function modulusOf(spki: string): Uint8Array {
  return fromHex(spki).slice(-261, -5)
}

it.each(vectors.map((vector, i) => [i, vector] as const))('tokens: vector %i of RFC 9578', (_i, vector) => {
  const key = issuerKey(crypto, modulusOf(vector.pkS))
  const digest = crypto.sha256(fromHex(vector.token_challenge))
  const message = concatBytes(Uint8Array.of(0, 2), fromHex(vector.nonce), digest, key.id)
  const rsa = rsaPublicKey(key.modulus)
  const random = { salt: fromHex(vector.salt), r: BigInt(`0x${vector.blind}`) }
  const blinded = blindWith(rsa, message, random)
  if (blinded === null) throw new Error('not blinded')
  expect(toHex(blinded.request)).toBe(vector.token_request.slice(6))
  const signature = finalize(rsa, blinded.blinding, fromHex(vector.token_response))
  expect(toHex(concatBytes(message, signature))).toBe(vector.token)
})

it('tokens: a request is new each time, and a signature of something else is refused', () => {
  const [vector] = vectors
  if (vector === undefined) throw new Error('no vector')
  const key = issuerKey(crypto, modulusOf(vector.pkS))
  const [one, two] = [requestToken(crypto, key, 'a.example'), requestToken(crypto, key, 'a.example')]
  expect(toHex(one.request)).not.toBe(toHex(two.request))
  expect(() => finalize(rsaPublicKey(key.modulus), one.blinding, fromHex(vector.token_response))).toThrow(
    expect.objectContaining({ code: 'payment/bad-signature' }),
  )
  expect(verifyToken(crypto, fromHex(vector.token), key, 'a.example')).toBe(false)
})

it('hops: a sealed request and its answer open under their own keys alone', () => {
  const relay = crypto.x25519.generate()
  const started = startHop(crypto, relay.publicKey)
  const [small] = HOP_SIZES
  const message = crypto.randomBytes(900)
  const sealed = sealHopRequest(crypto, relay.publicKey, started, { time: 5, answerSize: small, message })
  expect(sealed).toHaveLength(small)
  const opened = openHopRequest(crypto, [relay], sealed)
  expect(opened).toMatchObject({ time: 5, answerSize: small })
  expect(toHex(opened?.message ?? new Uint8Array(0))).toBe(toHex(message))
  if (opened === null) return
  const answer = sealHopAnswer(crypto, opened.exchange, { time: 6, message }, small)
  expect(openHopAnswer(crypto, started, answer)?.time).toBe(6)
  expect(openHopAnswer(crypto, startHop(crypto, relay.publicKey), answer)).toBeNull()
})

it('push: a subscription of this browser is sealed to a gateway', () => {
  const gateway = crypto.x25519.generate()
  const p256dh = concatBytes(Uint8Array.of(4), crypto.randomBytes(64))
  const subscription = { endpoint: 'https://push.example/1', p256dh, auth: crypto.randomBytes(16) }
  const token = sealPushToken(crypto, gateway.publicKey, subscription)
  expect(openPushToken(crypto, gateway, token)?.endpoint).toBe(subscription.endpoint)
  expect(openPushToken(crypto, crypto.x25519.generate(), token)).toBeNull()
})
