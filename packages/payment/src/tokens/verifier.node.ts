/** Takes tokens by an issuer's statement alone: no secret, so every relay of a cluster may. spec/payment.md section 6. */
import type { KeyObject } from 'node:crypto'
import { type Clock, equalBytes } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import type { TokenVerifier, VerifiedToken } from './issuer.js'
import { rsaKeyOf, verifyNative } from './rsa.node.js'
import { epochAt, type IssuerStatement, isTaken } from './statement.js'
import { challengeDigest, issuerKey, tokenParts } from './token.js'

export interface VerifierOptions {
  readonly crypto: CryptoProvider
  readonly clock: Clock
  /** Verified. Asked before each token: it may change. */
  statement(): IssuerStatement
}

interface Held {
  readonly id: Uint8Array
  readonly epoch: number
  readonly value: number
  readonly publicKey: KeyObject
}

interface Known {
  readonly statement: IssuerStatement
  readonly digest: Uint8Array
  readonly keys: readonly Held[]
}

/** Importing a key is slow, so it is done once for a statement. */
function known(crypto: CryptoProvider, statement: IssuerStatement): Known {
  const keys = statement.keys.flatMap(({ epoch, moduli }) =>
    moduli.map((modulus, i) => ({
      id: issuerKey(crypto, modulus).id,
      epoch,
      value: statement.values[i] as number,
      publicKey: rsaKeyOf(modulus),
    })),
  )
  return { statement, digest: challengeDigest(crypto, statement.name), keys }
}

function verifyWith(
  { statement, digest, keys }: Known,
  token: Uint8Array,
  now: number,
): VerifiedToken | null {
  const { epochMs } = statement
  const parts = tokenParts(token)
  const held = keys.find(({ id }) => equalBytes(id, parts.keyId))
  if (held === undefined || !isTaken(held.epoch, epochAt(now, epochMs))) return null
  if (!equalBytes(parts.digest, digest)) return null
  if (!verifyNative(held.publicKey, parts.message, parts.signature)) return null
  const { epoch, value } = held
  return { epoch, value, nonce: parts.nonce, until: (epoch + 2) * epochMs }
}

export function verifierOf({ crypto, clock, statement }: VerifierOptions): TokenVerifier {
  let current: Known | undefined
  return {
    statement,
    verify: (token) => {
      const latest = statement()
      if (current?.statement !== latest) current = known(crypto, latest)
      return verifyWith(current, token, clock.now())
    },
  }
}
