/// <reference lib="esnext.disposable" preserve="true" />
export { link } from './link.web.js'
export * from './portable.js'
