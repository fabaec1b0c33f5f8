import { describe, expect, it } from 'vitest'
import { CoreError, type ErrorEntry, HyphaeError, isHyphaeError } from '../src/index.js'

const TABLE = {
  'demo/busy': { message: 'The thing is busy.', hint: 'Try again later.', retryable: true },
  'demo/broken': { message: 'The thing is broken.', hint: 'Get a new one.' },
} as const satisfies Record<string, ErrorEntry>

class DemoError extends HyphaeError<keyof typeof TABLE> {}

describe('HyphaeError', () => {
  it('carries what its table says', () => {
    const error = new DemoError(TABLE, 'demo/busy', { retryAfterMs: 250 })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'DemoError',
      code: 'demo/busy',
      shortMessage: 'The thing is busy.',
      hint: 'Try again later.',
      message: 'The thing is busy. Try again later.',
      docs: 'spec/errors.md#demo-busy',
      retryable: true,
      retryAfterMs: 250,
      details: {},
    })
    expect('cause' in error).toBe(false)
  })

  it('is not retryable unless its table says so', () => {
    const error = new DemoError(TABLE, 'demo/broken')
    expect(error.retryable).toBe(false)
    expect(error.retryAfterMs).toBeUndefined()
  })

  it('puts its details into the message', () => {
    const error = new DemoError(TABLE, 'demo/broken', { details: { length: 3, limit: 2 } })
    expect(error.message).toBe('The thing is broken. (length: 3, limit: 2) Get a new one.')
    expect(error.details).toEqual({ length: 3, limit: 2 })
  })

  it('stands on its code alone where a production build left out the texts', () => {
    const bare = {} as typeof TABLE
    const error = new DemoError(bare, 'demo/broken', { details: { length: 3 } })
    expect(error).toMatchObject({
      name: 'DemoError',
      code: 'demo/broken',
      shortMessage: 'demo/broken',
      hint: '',
      message: 'demo/broken (length: 3)',
      docs: 'spec/errors.md#demo-broken',
      retryable: false,
    })
    expect(new DemoError(bare, 'demo/busy').message).toBe('demo/busy')
    expect(isHyphaeError(error, 'demo/broken')).toBe(true)
  })

  it('keeps its cause', () => {
    const cause = new Error('below')
    expect(new DemoError(TABLE, 'demo/broken', { cause }).cause).toBe(cause)
  })
})

describe('isHyphaeError', () => {
  it('knows any Hyphae error, and a code', () => {
    const error: unknown = new CoreError('core/bad-id')
    expect(isHyphaeError(error)).toBe(true)
    expect(isHyphaeError(error, 'core/bad-id')).toBe(true)
    expect(isHyphaeError(error, 'core/bad-hex')).toBe(false)
  })

  it('knows an error of another copy of the package by its shape', () => {
    const foreign = Object.assign(new Error('x'), { code: 'store/full', shortMessage: 'x' })
    expect(isHyphaeError(foreign, 'store/full')).toBe(true)
  })

  it.each([
    ['a system error', Object.assign(new Error('x'), { code: 'ENOENT' })],
    ['an object that is no error', { code: 'core/bad-id', shortMessage: 'x' }],
    ['text', 'core/bad-id'],
    ['null', null],
    ['nothing', undefined],
  ])('refuses %s', (_what, value) => {
    expect(isHyphaeError(value)).toBe(false)
  })
})
