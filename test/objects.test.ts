// Objects over encrypted links on radios, as the benchmark measures them: what is promised holds in every run.
import { expect, it } from 'vitest'
import { runObjects } from '../bench/src/transports/objects.js'

it('an object of 1 KB takes at most 12 seconds at 1 kbps; a photo for faster links is described and stays off it', async () => {
  const run = await runObjects(1_000)
  expect(run.seconds).toBeLessThanOrEqual(12)
  expect(run.describedSeconds).toBeLessThan(5)
  expect(run.photoBytes).toBe(0)
})
