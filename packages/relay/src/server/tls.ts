/** Certificate and key of the port, checked before they are used. */
import { Server } from 'node:https'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { RelayError } from '../errors.js'

export interface TlsPair {
  /** PEM: the server's certificate, then those between it and a root. */
  readonly cert: string | Uint8Array
  /** PEM, without a passphrase. */
  readonly key: string | Uint8Array
}

/** @throws RelayError `relay/bad-tls` when either cannot be read or they do not belong together */
export function secure({ cert, key }: TlsPair): SecureContextOptions {
  const pem = (text: string | Uint8Array): string => Buffer.from(text as Uint8Array).toString('latin1')
  const options: SecureContextOptions = { cert: pem(cert), key: pem(key), minVersion: 'TLSv1.2' }
  try {
    createSecureContext(options)
  } catch (cause) {
    // The cause is left out: what OpenSSL says may quote the file.
    throw new RelayError('relay/bad-tls', { details: { reason: reasonOf(cause) } })
  }
  return options
}

/** OpenSSL's code, never its text. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
  return code.startsWith('ERR_') ? code : 'unreadable'
}

/** New connections get the new certificate, those that are open keep theirs. False: the port has no TLS. */
export function renewTls(server: object, pair: TlsPair): boolean {
  if (!(server instanceof Server)) return false
  server.setSecureContext(secure(pair))
  return true
}
