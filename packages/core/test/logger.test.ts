import { expect, it, vi } from 'vitest'
import { silentLogger } from '../src/index.js'

it('the silent logger writes nowhere', () => {
  const spies = (['debug', 'info', 'warn', 'error', 'log'] as const).map((method) =>
    vi.spyOn(console, method),
  )
  for (const level of ['debug', 'info', 'warn', 'error'] as const) silentLogger[level]('text', { count: 1 })
  for (const spy of spies) {
    expect(spy).not.toHaveBeenCalled()
    spy.mockRestore()
  }
})
