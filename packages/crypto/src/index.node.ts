export { createNodeCrypto, nodeCrypto, nodeCrypto as defaultCrypto } from './node/provider.js'
export * from './portable.js'
