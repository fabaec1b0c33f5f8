export { nobleCrypto as defaultCrypto } from './noble/provider.js'
export * from './portable.js'
export { prepareSymmetric, type SymmetricLibrary } from './symmetric-library.js'
