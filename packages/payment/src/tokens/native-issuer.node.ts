/**
 * An issuer with one key an epoch, made one epoch ahead so that everybody knows it before it signs.
 *
 * spec/payment.md section 6. Keys lie in the store, as PKCS #8; whoever has it can make tokens.
 */
import { type Clock, equalBytes, type Store } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import { PaymentError } from '../errors.js'
import { MAX_BLINDED } from '../limits.js'
import type { Issuer } from './issuer.js'
import { exportRsa, generateRsa, importRsa, type RsaKeyPair, signBlinded, verifyNative } from './rsa.node.js'
import { epochAt, type IssuerStatement, isTaken, signStatement } from './statement.js'
import { challengeDigest, type IssuerKey, issuerKey, tokenParts } from './token.js'

export interface IssuerOptions {
  readonly store: Store
  readonly crypto: CryptoProvider
  readonly clock: Clock
  /** Signs the statements: the relay's payment key. */
  readonly payeeKey: Ed25519PrivateKey
  /** What its tokens are bound to: the name under which clients know the issuer. */
  readonly name: string
  /** How long a key signs, in ms; it is taken for as long again. Default 7 days. */
  readonly epochMs?: number
}

/** Long enough for many buyers under one key, short enough for a small set of spent tokens. */
const DEFAULT_EPOCH_MS = 7 * 24 * 60 * 60 * 1000

const TABLE = 'issuer-key'

interface Held extends RsaKeyPair {
  readonly epoch: number
  readonly key: IssuerKey
}

interface State {
  readonly options: Required<IssuerOptions>
  readonly digest: Uint8Array
  held: readonly Held[]
  statement: IssuerStatement
}

async function keyOf({ store, crypto }: IssuerOptions, epoch: number): Promise<Held> {
  const stored = await store.get([TABLE, epoch])
  const pair = stored === undefined ? await generateRsa() : importRsa(stored)
  if (stored === undefined) await store.transact((tx) => tx.put([TABLE, epoch], exportRsa(pair)))
  return { ...pair, epoch, key: issuerKey(crypto, pair.modulus) }
}

async function load(options: Required<IssuerOptions>): Promise<Pick<State, 'held' | 'statement'>> {
  const { store, crypto, clock, payeeKey, name, epochMs } = options
  const epoch = epochAt(clock.now(), epochMs)
  const held: Held[] = []
  // The key before is named only where it exists: a new issuer has none.
  if ((await store.get([TABLE, epoch - 1])) !== undefined) held.push(await keyOf(options, epoch - 1))
  for (const wanted of [epoch, epoch + 1]) held.push(await keyOf(options, wanted))
  const stored = await store.list([TABLE])
  const over = stored.filter(({ key }) => (key[1] as number) < epoch - 1)
  if (over.length > 0) {
    await store.transact((tx) => {
      for (const { key } of over) tx.delete(key)
    })
  }
  const keys = held.map(({ epoch: of, modulus }) => ({ epoch: of, modulus }))
  return { held, statement: signStatement(crypto, payeeKey, { name, epoch, epochMs, keys }) }
}

function sign(state: State, keyId: Uint8Array, blinded: readonly Uint8Array[]): Uint8Array[] {
  const { clock, epochMs } = state.options
  const epoch = epochAt(clock.now(), epochMs)
  const signer = state.held.find((held) => held.epoch === epoch)
  if (signer === undefined || !equalBytes(signer.key.id, keyId)) throw new PaymentError('payment/bad-token')
  if (blinded.length > MAX_BLINDED)
    throw new PaymentError('payment/bad-blinded', { details: { max: MAX_BLINDED } })
  return blinded.map((one) => signBlinded(signer, one))
}

function verifyWith(state: State, token: Uint8Array): ReturnType<Issuer['verify']> {
  const { clock, epochMs } = state.options
  const { keyId, digest, message, signature, nonce } = tokenParts(token)
  const held = state.held.find(({ key }) => equalBytes(key.id, keyId))
  if (held === undefined || !isTaken(held.epoch, epochAt(clock.now(), epochMs))) return null
  if (!equalBytes(digest, state.digest) || !verifyNative(held.publicKey, message, signature)) return null
  return { epoch: held.epoch, nonce }
}

/** Makes the keys that are missing: about 100 ms each. */
export async function openIssuer(options: IssuerOptions): Promise<Issuer> {
  const whole = { epochMs: DEFAULT_EPOCH_MS, ...options }
  const digest = challengeDigest(options.crypto, options.name)
  const state: State = { options: whole, digest, ...(await load(whole)) }
  return {
    statement: () => state.statement,
    sign: (keyId, blinded) => sign(state, keyId, blinded),
    verify: (token) => verifyWith(state, token),
    rotate: async () => {
      if (epochAt(whole.clock.now(), whole.epochMs) === state.statement.epoch) return
      Object.assign(state, await load(whole))
    },
  }
}
