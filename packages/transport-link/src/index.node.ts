/// <reference lib="esnext.disposable" preserve="true" />
export { link } from './link.node.js'
export * from './portable.js'
