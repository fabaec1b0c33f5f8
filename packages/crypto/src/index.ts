export { nobleCrypto as defaultCrypto } from './noble/provider.js'
export * from './portable.js'
