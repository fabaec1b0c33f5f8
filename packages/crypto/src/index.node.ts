export type { AeadLibrary } from './aead-library.js'
export { prepareAead } from './node/aead.js'
export { createNodeCrypto, nodeCrypto, nodeCrypto as defaultCrypto } from './node/provider.js'
export * from './portable.js'
