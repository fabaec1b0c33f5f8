/// <reference lib="esnext.disposable" preserve="true" />
export { CLI_ERRORS, CliError } from './errors.js'
export { fileSource, type NamedSource } from './file-source.js'
export type { CliIo, Output } from './io.js'
export { runCli } from './main.js'
