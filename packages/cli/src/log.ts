/** What the layers below report: shown only where somebody asked for it with HYPHAE_DEBUG. */
import type { LogFields, Logger } from '@hyphae/core'
import type { WholeIo } from './io.js'

export function isDebugging(env: WholeIo['env']): boolean {
  return (env.HYPHAE_DEBUG ?? '') !== ''
}

/** `onWarning` hears of warnings and errors with the code they name, also without HYPHAE_DEBUG. */
export function commandLogger(
  io: WholeIo,
  onWarning: (message: string, code: string) => void = () => {},
): Logger {
  const write = (level: string, message: string, fields: LogFields = {}): void => {
    if (!isDebugging(io.env)) return
    const listed = Object.entries(fields).map(([name, value]) => ` ${name}=${value}`)
    void io.stderr.write(`${level} ${message}${listed.join('')}\n`)
  }
  const warn = (level: string, message: string, fields?: LogFields): void => {
    write(level, message, fields)
    onWarning(message, String(fields?.code ?? ''))
  }
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => warn('warn', message, fields),
    error: (message, fields) => warn('error', message, fields),
  }
}
