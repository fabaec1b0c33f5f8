/**
 * Welcomes as bytes (RFC 9420 section 12.4.3.1): the same as ts-mls's codec. One that is for a thousand joiners has a
 * thousand entries, of which each joiner opens one. Knows the form of a Welcome, not what it opens to.
 */
import type { Welcome } from 'ts-mls'
import { decodeCiphersuite, encodeCiphersuite } from 'ts-mls/crypto/ciphersuite.js'
import { assertSize, decodeMessage } from './codec.js'
import { MlsError } from './errors.js'
import { MAX_WELCOME_BYTES } from './limits.js'
import {
  assertSpent,
  broken,
  type Reader,
  reader,
  readLength,
  readRaw,
  readVector,
  vectorSize,
  writeLength,
  writeRaw,
  writer,
  writeU16,
  writeVector,
} from './wire.js'

const MLS10 = 1
const WELCOME = 3
const HEADER_BYTES = 4

function isWelcome(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === MLS10 && bytes[2] === 0 && bytes[3] === WELCOME
}

function readSuite(from: Reader): Welcome['cipherSuite'] {
  const decoded = decodeCiphersuite(readRaw(from, 2), 0)
  if (decoded === undefined) throw broken(from)
  return decoded[0]
}

function readSecrets(from: Reader): Welcome['secrets'] {
  const end = readLength(from) + from.at
  const secrets: Welcome['secrets'] = []
  while (from.at < end) {
    const newMember = readVector(from)
    const encryptedGroupSecrets = { kemOutput: readVector(from), ciphertext: readVector(from) }
    secrets.push({ newMember, encryptedGroupSecrets })
  }
  if (from.at !== end) throw broken(from)
  return secrets
}

/**
 * One MLSMessage that holds a Welcome, canonical and nothing else. Its arrays are views of one copy of the input.
 * @throws MlsError `mls/bad-welcome`, `mls/unexpected-message` for a message of another kind, `mls/too-large`
 */
export function decodeWelcome(bytes: Uint8Array): Welcome {
  assertSize(bytes, MAX_WELCOME_BYTES)
  if (!isWelcome(bytes)) {
    decodeMessage(bytes, MAX_WELCOME_BYTES, 'mls/bad-welcome')
    throw new MlsError('mls/unexpected-message')
  }
  const from = reader(bytes.slice(), 'mls/bad-welcome')
  from.at = HEADER_BYTES
  const welcome = {
    cipherSuite: readSuite(from),
    secrets: readSecrets(from),
    encryptedGroupInfo: readVector(from),
  }
  assertSpent(from)
  return welcome
}

export function encodeWelcome({ cipherSuite, secrets, encryptedGroupInfo }: Welcome): Uint8Array {
  let length = 0
  for (const { newMember, encryptedGroupSecrets } of secrets)
    for (const part of [newMember, encryptedGroupSecrets.kemOutput, encryptedGroupSecrets.ciphertext])
      length += vectorSize(part.length)
  const to = writer(HEADER_BYTES + 2 + vectorSize(length) + vectorSize(encryptedGroupInfo.length))
  writeU16(to, MLS10)
  writeU16(to, WELCOME)
  writeRaw(to, encodeCiphersuite(cipherSuite))
  writeLength(to, length)
  for (const { newMember, encryptedGroupSecrets } of secrets) {
    writeVector(to, newMember)
    writeVector(to, encryptedGroupSecrets.kemOutput)
    writeVector(to, encryptedGroupSecrets.ciphertext)
  }
  writeVector(to, encryptedGroupInfo)
  return to.bytes
}
