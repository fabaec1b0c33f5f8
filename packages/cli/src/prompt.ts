/** Asks for a secret at a terminal, without echo. */
import { StringDecoder } from 'node:string_decoder'
import { CliError } from './errors.js'
import type { Output } from './io.js'
import { MAX_PASSPHRASE_CHARACTERS } from './limits.js'

/** The part of a terminal's input stream that is used. */
export interface Terminal {
  setRawMode(raw: boolean): unknown
  resume(): unknown
  pause(): unknown
  on(event: 'data', listener: (chunk: Buffer | string) => void): unknown
  off(event: 'data', listener: (chunk: Buffer | string) => void): unknown
}

const ENTER = new Set(['\r', '\n', '\u0004'])
const INTERRUPT = '\u0003'
const ERASE = new Set(['\u007f', '\b'])
const ERASE_ALL = '\u0015'

/** @throws CliError `cli/interrupted` at Ctrl-C, `cli/bad-passphrase` when it is too long */
export async function readSecret(terminal: Terminal, screen: Output, prompt: string): Promise<string> {
  await screen.write(prompt)
  terminal.setRawMode(true)
  terminal.resume()
  try {
    return await typedLine(terminal)
  } finally {
    terminal.setRawMode(false)
    terminal.pause()
    await screen.write('\n')
  }
}

function typedLine(terminal: Terminal): Promise<string> {
  const decoder = new StringDecoder('utf8')
  const line = emptyLine()
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer | string): void => {
      const characters = typeof chunk === 'string' ? chunk : decoder.write(chunk)
      try {
        for (const character of characters) if (line.take(character)) resolve(line.text())
      } catch (error) {
        reject(error)
      }
      if (line.ended()) terminal.off('data', read)
    }
    terminal.on('data', read)
  })
}

interface Line {
  /** True when the line is complete. */
  take(character: string): boolean
  /** Complete or given up. */
  ended(): boolean
  text(): string
}

function emptyLine(): Line {
  let typed: string[] = []
  let over = false
  const giveUp = (error: CliError): never => {
    over = true
    throw error
  }
  return {
    take: (character) => {
      if (over) return false
      if (character === INTERRUPT) giveUp(new CliError('cli/interrupted'))
      if (ENTER.has(character)) over = true
      else if (character === ERASE_ALL) typed = []
      else if (ERASE.has(character)) typed.pop()
      else typed.push(character)
      if (typed.length > MAX_PASSPHRASE_CHARACTERS)
        giveUp(new CliError('cli/bad-passphrase', { details: { reason: 'too long' } }))
      return over
    },
    ended: () => over,
    text: () => typed.join(''),
  }
}
