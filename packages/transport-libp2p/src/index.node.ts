/// <reference lib="esnext.disposable" preserve="true" />
export { libp2p } from './libp2p.node.js'
export * from './portable.js'
