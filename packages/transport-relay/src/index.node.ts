/// <reference lib="esnext.disposable" preserve="true" />
export * from './portable.js'
export { relay } from './relay.node.js'
