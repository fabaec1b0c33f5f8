/** What callers without a compiler get wrong, told where it is passed and not where it would first be used. */
import { MessengerError } from './errors.js'

/** @throws MessengerError `messenger/bad-argument` */
export function assertArgument(name: string, isRight: boolean): void {
  if (!isRight) throw new MessengerError('messenger/bad-argument', { details: { name } })
}

/** Whether it is an object with these methods. */
export function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  const object = Object(value) as Record<string, unknown>
  return names.every((name) => typeof object[name] === 'function')
}
