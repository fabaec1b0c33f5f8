/** Which library seals short messages with ChaCha20-Poly1305; the bytes are the same. */
export type AeadLibrary = 'noble' | 'node' | 'libsodium'

/** Only Node has another one to load: there this waits for it. */
export const prepareAead = (): Promise<AeadLibrary> => Promise.resolve('noble')
