import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../src/index.js'

describe('systemClock', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('tells the time of the system', () => {
    expect(systemClock.now()).toBe(1_000_000)
  })

  it('sleeps as long as asked', async () => {
    const woken = vi.fn()
    const sleep = systemClock.sleep(50).then(woken)
    await vi.advanceTimersByTimeAsync(49)
    expect(woken).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    await sleep
    expect(woken).toHaveBeenCalledOnce()
  })

  it('refuses to sleep under a signal that has fired', async () => {
    const reason = new Error('stop')
    await expect(systemClock.sleep(50, AbortSignal.abort(reason))).rejects.toMatchObject({
      code: 'core/aborted',
      cause: reason,
    })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('wakes with an error when the signal fires, and leaves no timer', async () => {
    const controller = new AbortController()
    const sleep = systemClock.sleep(50, controller.signal)
    controller.abort()
    await expect(sleep).rejects.toMatchObject({ code: 'core/aborted' })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('leaves no listener on the signal after waking', async () => {
    const { signal } = new AbortController()
    const removed = vi.spyOn(signal, 'removeEventListener')
    const sleep = systemClock.sleep(5, signal)
    await vi.advanceTimersByTimeAsync(5)
    await sleep
    expect(removed).toHaveBeenCalledWith('abort', expect.any(Function))
  })
})
