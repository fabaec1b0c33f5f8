/** The words and options of one command, read by `util.parseArgs`. */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { UsageError } from './errors.js'

export type OptionSpecs = NonNullable<ParseArgsConfig['options']>

export interface Arguments {
  readonly words: readonly string[]
  text(name: string): string | undefined
  texts(name: string): readonly string[]
  flag(name: string): boolean
  /** @throws UsageError unless it is a whole number in the range */
  whole(name: string, range: { readonly min: number; readonly max: number }): number | undefined
  /** @throws UsageError unless it is one of the choices */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined
}

/** What every command takes. */
export const COMMON: OptionSpecs = {
  home: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
}

/** The command's name and what stands around it: options may come before it. */
export function findCommand(args: readonly string[]): { name: string | undefined; rest: string[] } {
  const { tokens } = parseArgs({
    args: [...args],
    options: COMMON,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const first = tokens.find((token) => token.kind === 'positional')
  if (first === undefined) return { name: undefined, rest: [...args] }
  return { name: args[first.index], rest: args.filter((_, index) => index !== first.index) }
}

/** @throws UsageError for an unknown option or one without its value */
export function readArguments(args: readonly string[], options: OptionSpecs): Arguments {
  const { values, positionals } = parse(args, { ...COMMON, ...options })
  const texts = (name: string): string[] => [values[name] ?? []].flat().map(String)
  const text = (name: string): string | undefined => {
    const value = texts(name).at(-1)
    if (value === '') throw new UsageError(`--${name} needs a value.`)
    return value
  }
  return {
    words: positionals,
    text,
    texts,
    flag: (name) => values[name] === true,
    whole: (name, { min, max }) => {
      const given = text(name)
      if (given === undefined) return undefined
      const value = /^\d+$/.test(given) ? Number(given) : Number.NaN
      if (!(value >= min && value <= max))
        throw new UsageError(`--${name} takes a whole number from ${min} to ${max}.`)
      return value
    },
    choice: (name, choices) => {
      const given = text(name)
      const found = choices.find((choice) => choice === given)
      if (given !== undefined && found === undefined)
        throw new UsageError(`--${name} takes one of: ${choices.join(', ')}.`)
      return found
    },
  }
}

function parse(args: readonly string[], options: OptionSpecs): ReturnType<typeof parseArgs> {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true })
  } catch (error) {
    // Node says in its first sentence what is wrong.
    const [sentence = 'The options cannot be read.'] = (error as Error).message.split(/(?<=\.)\s|\n/)
    throw new UsageError(sentence.endsWith('.') ? sentence : `${sentence}.`)
  }
}
