export { type AeadLibrary, prepareAead } from './aead-library.js'
export { nobleCrypto as defaultCrypto } from './noble/provider.js'
export * from './portable.js'
