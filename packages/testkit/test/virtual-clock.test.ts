import { virtualClock } from '@hyphae/testkit'
import { expect, test } from 'vitest'

test('time stands still until it is advanced', async () => {
  const clock = virtualClock(1000)
  expect(clock.now()).toBe(1000)
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(clock.now()).toBe(1000)
  await clock.advance(250)
  expect(clock.now()).toBe(1250)
})

test('sleepers wake in order of their time, at their time', async () => {
  const clock = virtualClock(0)
  const woken: [string, number][] = []
  const sleep = async (name: string, ms: number): Promise<void> => {
    await clock.sleep(ms)
    woken.push([name, clock.now()])
  }
  const all = [sleep('c', 300), sleep('a', 100), sleep('b', 200), sleep('b too', 200)]
  expect(clock.sleeping()).toBe(4)
  await clock.advance(250)
  expect(woken).toEqual([
    ['a', 100],
    ['b', 200],
    ['b too', 200],
  ])
  await clock.advance(50)
  await Promise.all(all)
  expect(woken[3]).toEqual(['c', 300])
  expect(clock.sleeping()).toBe(0)
})

test('one advance carries a chain of sleeps', async () => {
  const clock = virtualClock(0)
  const times: number[] = []
  const loop = async (): Promise<void> => {
    for (let round = 0; round < 5; round++) {
      await clock.sleep(10)
      times.push(clock.now())
    }
  }
  const done = loop()
  await clock.advance(1000)
  await done
  expect(times).toEqual([10, 20, 30, 40, 50])
  expect(clock.now()).toBe(1000)
})

test('a signal ends a sleep, before or during it', async () => {
  const clock = virtualClock()
  const stop = new AbortController()
  const sleeping = clock.sleep(1000, stop.signal)
  stop.abort()
  await expect(sleeping).rejects.toMatchObject({ code: 'core/aborted' })
  await expect(clock.sleep(1, stop.signal)).rejects.toMatchObject({ code: 'core/aborted' })
  expect(clock.sleeping()).toBe(0)
})
