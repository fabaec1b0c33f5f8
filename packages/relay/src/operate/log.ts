/** The relay's log: one JSON object a line. It is handed counts, sizes and codes; never an id or an address. */
import type { Clock, LogFields, Logger } from '@hyphae/core'
import { LOG_LEVELS, type LogLevel } from './settings.js'

const RESERVED: ReadonlySet<string> = new Set(['time', 'level', 'message'])

export function jsonLogger(least: LogLevel, clock: Clock, write: (line: string) => unknown): Logger {
  const wanted = LOG_LEVELS.indexOf(least)
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (LOG_LEVELS.indexOf(level) < wanted) return
      const own = Object.entries(fields).filter(([name]) => !RESERVED.has(name))
      const time = new Date(clock.now()).toISOString()
      write(`${JSON.stringify({ time, level, message, ...Object.fromEntries(own) })}\n`)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
