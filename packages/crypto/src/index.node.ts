export { createNodeCrypto, nodeCrypto, nodeCrypto as defaultCrypto } from './node/provider.js'
export { prepareSymmetric } from './node/symmetric.js'
export * from './portable.js'
export type { SymmetricLibrary } from './symmetric-library.js'
