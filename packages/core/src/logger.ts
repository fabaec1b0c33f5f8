/** Structured logging as a port. Fields hold counts, sizes and codes; never a key, an id or a plaintext. */

export type LogFields = Readonly<Record<string, string | number | boolean>>

export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

const nothing = (): void => {}

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
