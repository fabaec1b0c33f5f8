/**
 * An issuer with one key an epoch and value, made one epoch ahead so that everybody knows it before it signs.
 *
 * spec/payment.md section 6. Keys lie in the store, as PKCS #8; whoever has it can make tokens.
 */
import { setImmediate } from 'node:timers/promises'
import { type Clock, equalBytes, type Store, type StoreKey } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import { PaymentError } from '../errors.js'
import { MAX_BLINDED } from '../limits.js'
import { TOKEN_VALUES } from '../tariff.js'
import type { Issuer } from './issuer.js'
import { exportRsa, generateRsa, importRsa, type RsaKeyPair, signBlinded } from './rsa.node.js'
import { epochAt, type IssuerStatement, signStatement } from './statement.js'
import { type IssuerKey, issuerKey } from './token.js'
import { verifierOf } from './verifier.node.js'

export interface IssuerOptions {
  readonly store: Store
  readonly crypto: CryptoProvider
  readonly clock: Clock
  /** Signs the statements: the relay's payment key. */
  readonly payeeKey: Ed25519PrivateKey
  /** What its tokens are bound to: the name under which clients know the issuer. */
  readonly name: string
  /** What tokens are worth, in byte-days, rising; default TOKEN_VALUES. */
  readonly values?: readonly number[]
  /** How long a key signs, in ms; it is taken for as long again. Default 7 days. */
  readonly epochMs?: number
}

/** Long enough for many buyers under one key, short enough for a small set of spent tokens. */
const DEFAULT_EPOCH_MS = 7 * 24 * 60 * 60 * 1000

const TABLE = 'issuer-key'

interface Held extends RsaKeyPair {
  readonly epoch: number
  readonly value: number
  readonly key: IssuerKey
}

interface State {
  readonly options: Required<IssuerOptions>
  held: readonly Held[]
  statement: IssuerStatement
}

/** Relays that share a store share its keys: that of the first stays. */
function kept(store: Store, name: StoreKey, made: Uint8Array): Promise<Uint8Array> {
  return store.transact(async (tx) => {
    const held = await tx.get(name)
    if (held === undefined) tx.put(name, made)
    return held ?? made
  })
}

async function keyOf({ store, crypto }: IssuerOptions, epoch: number, value: number): Promise<Held> {
  const name: StoreKey = [TABLE, epoch, value]
  const pair = importRsa((await store.get(name)) ?? (await kept(store, name, exportRsa(await generateRsa()))))
  return { ...pair, epoch, value, key: issuerKey(crypto, pair.modulus) }
}

/** The epoch before is named only where its keys exist: a new issuer has none. */
async function epochsOf({ store, values }: Required<IssuerOptions>, epoch: number): Promise<number[]> {
  const before = await store.get([TABLE, epoch - 1, values[0] as number])
  return before === undefined ? [epoch, epoch + 1] : [epoch - 1, epoch, epoch + 1]
}

async function forget({ store }: IssuerOptions, before: number): Promise<void> {
  const over = (await store.list([TABLE])).filter(({ key }) => (key[1] as number) < before)
  if (over.length === 0) return
  await store.transact((tx) => {
    for (const { key } of over) tx.delete(key)
  })
}

async function load(options: Required<IssuerOptions>): Promise<Pick<State, 'held' | 'statement'>> {
  const { crypto, clock, payeeKey, name, values, epochMs } = options
  const epoch = epochAt(clock.now(), epochMs)
  const held: Held[] = []
  const keys = []
  for (const of of await epochsOf(options, epoch)) {
    const ofEpoch: Held[] = []
    for (const value of values) ofEpoch.push(await keyOf(options, of, value))
    held.push(...ofEpoch)
    keys.push({ epoch: of, moduli: ofEpoch.map(({ modulus }) => modulus) })
  }
  await forget(options, epoch - 1)
  return { held, statement: signStatement(crypto, payeeKey, { name, epoch, epochMs, values, keys }) }
}

function signerOf({ options, held }: State, keyId: Uint8Array): Held | undefined {
  const epoch = epochAt(options.clock.now(), options.epochMs)
  return held.find((candidate) => candidate.epoch === epoch && equalBytes(candidate.key.id, keyId))
}

async function sign(state: State, keyId: Uint8Array, blinded: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const signer = signerOf(state, keyId)
  if (signer === undefined) throw new PaymentError('payment/bad-token')
  if (blinded.length > MAX_BLINDED)
    throw new PaymentError('payment/bad-blinded', { details: { max: MAX_BLINDED } })
  const signatures: Uint8Array[] = []
  for (const one of blinded) {
    signatures.push(signBlinded(signer, one))
    // About a millisecond each: an order of the largest size must not hold up everybody else.
    await setImmediate()
  }
  return signatures
}

/** Makes the keys that are missing: some hundred milliseconds each. */
export async function openIssuer(options: IssuerOptions): Promise<Issuer> {
  const whole = { epochMs: DEFAULT_EPOCH_MS, values: TOKEN_VALUES, ...options }
  const state: State = { options: whole, ...(await load(whole)) }
  const { crypto, clock } = options
  const verifier = verifierOf({ crypto, clock, statement: () => state.statement })
  return {
    ...verifier,
    valueOf: (keyId) => signerOf(state, keyId)?.value,
    sign: (keyId, blinded) => sign(state, keyId, blinded),
    rotate: async () => {
      if (epochAt(whole.clock.now(), whole.epochMs) === state.statement.epoch) return
      Object.assign(state, await load(whole))
    },
  }
}
