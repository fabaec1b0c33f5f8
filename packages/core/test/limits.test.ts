import { expect, it } from 'vitest'
import { FRAME_SIZES, isFrameSize, MAX_FRAME_BYTES } from '../src/index.js'

it('knows the four frame sizes and no other', () => {
  const known = []
  for (let length = 0; length <= 2 * MAX_FRAME_BYTES; length++) if (isFrameSize(length)) known.push(length)
  expect(known).toEqual([...FRAME_SIZES])
})
