/**
 * What an issuer commits to: one key an epoch and value, the same for everybody (spec/payment.md section 6.3).
 *
 *     version 1 | epoch u32 | epoch length ms u64 | name length u16 | name
 *     | values u8 | value u64 × values | epochs u8 | (epoch u32 | modulus 256 × values) × epochs | signature 64
 *     signature = Ed25519(payee, "hyphae issuer v1" ‖ 0 ‖ all that comes before)
 *
 * A relay that gave each client a key of its own could recognise their tokens. Within a statement that is
 * impossible: there is one key for each epoch and value, and no other. Between statements it is provable:
 * two signed statements that name different keys for an epoch convict the relay. Clients therefore compare what
 * they were told over different paths before they buy (`agreeing`).
 */
import { concatBytes, equalBytes, fromUtf8, utf8 } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import {
  finish,
  malformed,
  readerOf,
  sized,
  take,
  takeTime,
  takeU8,
  takeU16,
  takeU32,
  timeBytes,
  u8,
  u16,
  u32,
} from '../codec.js'
import { PaymentError } from '../errors.js'
import {
  ID_BYTES,
  MAX_ISSUER_EPOCHS,
  MAX_ISSUER_NAME_BYTES,
  MAX_TOKEN_VALUES,
  RSA_BYTES,
  SIGNATURE_BYTES,
} from '../limits.js'
import { type IssuerKey, issuerKey } from './token.js'

export interface EpochKeys {
  readonly epoch: number
  /** One for each value, 256 bytes each. */
  readonly moduli: readonly Uint8Array[]
}

export interface IssuerStatement {
  readonly name: string
  /** The epoch in which it was made; time divided by the epoch's length. */
  readonly epoch: number
  readonly epochMs: number
  /** What tokens are worth, in byte-days; rising. */
  readonly values: readonly number[]
  /** Rising epochs, one after another. */
  readonly keys: readonly EpochKeys[]
  /** Of the relay's payment key, 64 bytes. */
  readonly signature: Uint8Array
}

const VERSION = 1
const LABEL: Uint8Array = /* @__PURE__ */ utf8('hyphae issuer v1\0')

export const MAX_STATEMENT_BYTES: number =
  1 +
  4 +
  8 +
  2 +
  MAX_ISSUER_NAME_BYTES +
  1 +
  MAX_TOKEN_VALUES * 8 +
  1 +
  MAX_ISSUER_EPOCHS * (4 + MAX_TOKEN_VALUES * RSA_BYTES) +
  SIGNATURE_BYTES

/** An epoch's key signs in its epoch and is taken in it and in the next: then its spent tokens are forgotten. */
export function isTaken(keyEpoch: number, epochNow: number): boolean {
  return keyEpoch === epochNow || keyEpoch + 1 === epochNow
}

export function epochAt(time: number, epochMs: number): number {
  return Math.floor(time / epochMs)
}

type Unsigned = Omit<IssuerStatement, 'signature'>

function checkKeys({ epoch, values, keys }: Unsigned): void {
  if (values.length === 0 || values.length > MAX_TOKEN_VALUES)
    throw malformed('bad-count', { count: values.length })
  values.forEach((value, i) => {
    if (value <= (values[i - 1] ?? 0)) throw malformed('bad-value', { value })
  })
  if (keys.length === 0 || keys.length > MAX_ISSUER_EPOCHS)
    throw malformed('bad-count', { count: keys.length })
  keys.forEach((key, i) => {
    if (key.epoch !== (keys[0] as EpochKeys).epoch + i) throw malformed('bad-epoch', { epoch: key.epoch })
    if (key.moduli.length !== values.length) throw malformed('bad-count', { count: key.moduli.length })
  })
  if (!keys.some((key) => key.epoch === epoch)) throw malformed('bad-epoch', { epoch })
}

function unsignedBytes(statement: Unsigned): Uint8Array {
  checkKeys(statement)
  const name = utf8(statement.name)
  if (name.length === 0 || name.length > MAX_ISSUER_NAME_BYTES) throw malformed('bad issuer name')
  const { values, keys } = statement
  return concatBytes(
    u8(VERSION),
    u32(statement.epoch),
    timeBytes(statement.epochMs),
    u16(name.length),
    name,
    u8(values.length),
    ...values.map((value) => timeBytes(value)),
    u8(keys.length),
    ...keys.flatMap(({ epoch, moduli }) => [
      u32(epoch),
      ...moduli.map((modulus) => sized(modulus, RSA_BYTES, 'modulus')),
    ]),
  )
}

export function signStatement(
  crypto: CryptoProvider,
  payeeKey: Ed25519PrivateKey,
  statement: Unsigned,
): IssuerStatement {
  const signature = crypto.ed25519.sign(payeeKey, concatBytes(LABEL, unsignedBytes(statement)))
  return { ...statement, signature }
}

export function encodeStatement(statement: IssuerStatement): Uint8Array {
  return concatBytes(unsignedBytes(statement), sized(statement.signature, SIGNATURE_BYTES, 'signature'))
}

/** Unverified. @throws PaymentError `payment/malformed` */
export function decodeStatement(bytes: Uint8Array): IssuerStatement {
  if (bytes.length > MAX_STATEMENT_BYTES) throw malformed('too-long', { length: bytes.length })
  const reader = readerOf(bytes)
  const version = takeU8(reader)
  if (version !== VERSION) throw malformed('bad-version', { version })
  const epoch = takeU32(reader)
  const epochMs = takeTime(reader)
  if (epochMs === 0) throw malformed('bad-epoch')
  const nameLength = takeU16(reader)
  if (nameLength === 0 || nameLength > MAX_ISSUER_NAME_BYTES) throw malformed('bad issuer name')
  const name = fromUtf8(take(reader, nameLength))
  const valueCount = takeU8(reader)
  if (valueCount > MAX_TOKEN_VALUES) throw malformed('bad-count', { count: valueCount })
  const values = Array.from({ length: valueCount }, () => takeTime(reader))
  const epochs = takeU8(reader)
  if (epochs > MAX_ISSUER_EPOCHS) throw malformed('bad-count', { count: epochs })
  const keys = Array.from({ length: epochs }, () => ({
    epoch: takeU32(reader),
    moduli: values.map(() => take(reader, RSA_BYTES)),
  }))
  const statement = { name, epoch, epochMs, values, keys, signature: take(reader, SIGNATURE_BYTES) }
  finish(reader)
  checkKeys(statement)
  return statement
}

/** @throws PaymentError `payment/bad-signature`, `payment/bad-issuer-key` */
export function verifyStatement(crypto: CryptoProvider, statement: IssuerStatement, payee: Uint8Array): void {
  sized(payee, ID_BYTES, 'payee')
  const signed = concatBytes(LABEL, unsignedBytes(statement))
  if (!crypto.ed25519.verify(payee, signed, statement.signature))
    throw new PaymentError('payment/bad-signature')
  for (const { moduli } of statement.keys) for (const modulus of moduli) issuerKey(crypto, modulus)
}

/** True when no epoch and value has two keys. Order, time and signatures do not matter. */
export function agreeing(statements: readonly IssuerStatement[]): boolean {
  const seen = new Map<number, Uint8Array>()
  const [first] = statements
  for (const { name, epochMs, values, keys } of statements) {
    if (name !== first?.name || epochMs !== first.epochMs || values.join() !== first.values.join())
      return false
    for (const { epoch, moduli } of keys) {
      const joined = concatBytes(...moduli)
      const known = seen.get(epoch)
      if (known !== undefined && !equalBytes(known, joined)) return false
      seen.set(epoch, joined)
    }
  }
  return true
}

/**
 * The key to buy tokens of this value with at this time.
 * @throws PaymentError `payment/expired` when the statement is of another time, or has no such value
 */
export function currentKey(
  crypto: CryptoProvider,
  statement: IssuerStatement,
  value: number,
  now: number,
): IssuerKey {
  const epoch = epochAt(now, statement.epochMs)
  const keys = statement.keys.find((candidate) => candidate.epoch === epoch)
  const modulus = keys?.moduli[statement.values.indexOf(value)]
  if (modulus === undefined) throw new PaymentError('payment/expired', { details: { epoch, value } })
  return issuerKey(crypto, modulus)
}
