/// <reference lib="esnext.disposable" preserve="true" />
export * from './portable.js'
