/** Fuzz target: any bytes as a stream of frames, whole and byte by byte: the same frames and the same verdict. */
import { concatBytes, equalBytes, isHyphaeError } from '@hyphae/core'
import { frameSplitter } from '../src/index.js'
import type { FuzzTarget } from './support/target.js'

function split(pieces: Iterable<Uint8Array>): { readonly frames: Uint8Array; readonly error: unknown } {
  const splitter = frameSplitter()
  const frames: Uint8Array[] = []
  try {
    for (const piece of pieces) frames.push(...splitter.push(piece))
    // A fault is told by the push after it, so that the frames before it are not lost.
    splitter.push(new Uint8Array())
    return { frames: concatBytes(...frames), error: undefined }
  } catch (error) {
    if (!isHyphaeError(error)) throw error
    return { frames: concatBytes(...frames), error }
  }
}

export const target: FuzzTarget = {
  name: 'stream',
  run(input) {
    const whole = split([input])
    const bytewise = split(Array.from(input, (byte) => Uint8Array.of(byte)))
    if ((whole.error === undefined) !== (bytewise.error === undefined)) throw new Error('two verdicts')
    if (whole.error !== undefined) throw whole.error
    if (!equalBytes(whole.frames, bytewise.frames)) throw new Error('other frames byte by byte')
  },
}
