/** Names of streams and subjects, all under one prefix, so that several relays' data can share a cluster. */

export interface Subjects {
  /** Streams. */
  readonly mail: string
  readonly documents: string
  readonly terms: string
  readonly spent: string
  readonly logs: string
  readonly items: string
  readonly blobs: string
  readonly rows: string
  readonly once: string
  /** Subjects. */
  readonly allTerms: string
  readonly allSpent: string
  readonly allBlobs: string
  bucket(token: string): string
  note(token: string): string
  wake(token: string): string
  document(kind: DocumentKind | '*', key: string): string
  log(log: Uint8Array | '*'): string
  /** One-time items of one upload of a stock. */
  itemsOf(stock: string, upload: number): string
  readonly allItems: string
  termsOf(box: Uint8Array): string
  /** Things that cannot be used any more after this day since 1970. */
  spentUntil(day: number, name: Uint8Array | '*'): string
  blob(hash: Uint8Array): string
  call(channel: Uint8Array | '*'): string
  /** A key has dots of its own; `>` for what follows. */
  row(key: string): string
  onceOf(name: Uint8Array | '*'): string
  /** The last token of a subject. */
  keyOf(subject: string): string
}

export type DocumentKind = 'record' | 'stock' | 'probe' | 'mail'

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Hex digits of the finest logs. */
export const MAX_DIGITS = 4

/** The log that holds a box, of those named by so many hex digits, at most MAX_DIGITS: the first of its id. */
export function logToken(id: Uint8Array, digits: number): string {
  const first = HEX[id[0] as number] as string
  return digits === 2 ? first : (first + HEX[id[1] as number]).slice(0, digits)
}

export const documentKey: (bytes: Uint8Array) => string = text

export function subjectsOf(prefix: string): Subjects {
  const stream = prefix.toUpperCase()
  return {
    mail: `${stream}_MAIL`,
    documents: `${stream}_DOCUMENTS`,
    terms: `${stream}_TERMS`,
    spent: `${stream}_SPENT`,
    logs: `${stream}_LOGS`,
    items: `${stream}_ITEMS`,
    blobs: `${stream}_BLOBS`,
    rows: `${stream}_ROWS`,
    once: `${stream}_ONCE`,
    allTerms: `${prefix}.terms.*`,
    allSpent: `${prefix}.spent.*.*`,
    allBlobs: `${prefix}.blob.*`,
    bucket: (token) => `${prefix}.mail.${token}`,
    note: (token) => `${prefix}.note.${token}`,
    wake: (token) => `${prefix}.wake.${token}`,
    document: (kind, key) => `${prefix}.document.${kind}.${key}`,
    log: (log) => `${prefix}.log.${log === '*' ? log : text(log)}`,
    itemsOf: (stock, upload) => `${prefix}.items.${stock}.${upload}`,
    allItems: `${prefix}.items.*.*`,
    termsOf: (box) => `${prefix}.terms.${text(box)}`,
    spentUntil: (day, name) => `${prefix}.spent.${day}.${name === '*' ? name : text(name)}`,
    blob: (hash) => `${prefix}.blob.${text(hash)}`,
    call: (channel) => `${prefix}.call.${channel === '*' ? channel : text(channel)}`,
    row: (key) => `${prefix}.row.${key}`,
    onceOf: (name) => `${prefix}.once.${name === '*' ? name : text(name)}`,
    keyOf: (subject) => subject.slice(subject.lastIndexOf('.') + 1),
  }
}
