/** Which library serves ChaCha20-Poly1305 and HMAC-SHA256 of short messages; the bytes are the same. */
export type SymmetricLibrary = 'noble' | 'node' | 'libsodium'

/** Only Node has another one to load: there this waits for it. */
export const prepareSymmetric = (): Promise<SymmetricLibrary> => Promise.resolve('noble')
