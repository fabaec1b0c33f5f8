/** Signed statements in the simplest form that binds every field: the directory's own format is another package's. */
import { concatBytes, type DirectoryRecord, type StockUpload, utf8 } from '@hyphae/core'
import { defaultCrypto as crypto, type Ed25519PrivateKey } from '@hyphae/crypto'
import type { RecordStatement, StockStatement } from '@hyphae/testkit'

function listed(parts: readonly (Uint8Array | number | boolean)[]): Uint8Array {
  return utf8(JSON.stringify(parts.map((part) => (part instanceof Uint8Array ? [...part] : part))))
}

function recordText({ address, writer, sequence, body }: Omit<DirectoryRecord, 'signature'>): Uint8Array {
  return concatBytes(utf8('record'), listed([address, writer, sequence, body]))
}

function stockText(upload: Omit<StockUpload, 'signature'>): Uint8Array {
  const { writer, kind, sequence, items, lastResort, replace } = upload
  return concatBytes(utf8('stock'), listed([writer, kind, sequence, lastResort, replace, ...items]))
}

export function signRecord(key: Ed25519PrivateKey, statement: RecordStatement): DirectoryRecord {
  const record = { ...statement, writer: key.publicKey }
  return { ...record, signature: crypto.ed25519.sign(key, recordText(record)) }
}

export function signStock(key: Ed25519PrivateKey, statement: StockStatement): StockUpload {
  const upload = { ...statement, writer: key.publicKey }
  return { ...upload, signature: crypto.ed25519.sign(key, stockText(upload)) }
}

export function verifyRecord(record: DirectoryRecord): boolean {
  return crypto.ed25519.verify(record.writer, recordText(record), record.signature)
}

export function verifyStock(upload: StockUpload): boolean {
  return crypto.ed25519.verify(upload.writer, stockText(upload), upload.signature)
}
