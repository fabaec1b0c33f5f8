/// <reference lib="esnext.disposable" preserve="true" />
export { link } from './link-without-sockets.js'
export * from './portable.js'
