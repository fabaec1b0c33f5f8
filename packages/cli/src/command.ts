/** What a command is: its help, its options, and what it does. */
import type { Arguments, OptionSpecs } from './arguments.js'
import type { WholeIo } from './io.js'
import type { Printer } from './output.js'

export interface Call {
  readonly args: Arguments
  readonly io: WholeIo
  readonly print: Printer
  /** Absolute path of the home folder. */
  readonly home: string
}

export interface Command {
  /** One line a form, e.g. `hyphae send WHO TEXT…`. */
  readonly usage: readonly string[]
  /** What follows the usage in --help. */
  readonly help: string
  readonly options: OptionSpecs
  run(call: Call): Promise<void>
}
