/** Replays the committed fuzz corpus, and a few thousand mutations of it. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isHyphaeError } from '@hyphae/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { target as bundle } from '../fuzz/bundle.js'
import { target as frame } from '../fuzz/frame.js'
import { target as handshake } from '../fuzz/handshake.js'
import { target as pqBundle } from '../fuzz/pq-bundle.js'
import { target as pqHandshake } from '../fuzz/pq-handshake.js'
import { target as pqPadding } from '../fuzz/pq-padding.js'
import { target as pqSnapshot } from '../fuzz/pq-snapshot.js'
import { target as prekeys } from '../fuzz/prekeys.js'
import { target as signalBundle } from '../fuzz/signal-bundle.js'
import { target as signalFirstMessage } from '../fuzz/signal-first-message.js'
import { target as signalMessage } from '../fuzz/signal-message.js'
import { target as signalPq } from '../fuzz/signal-pq.js'
import { target as signalSnapshot } from '../fuzz/signal-snapshot.js'
import { target as snapshot } from '../fuzz/snapshot.js'
import { fuzzWorld } from '../fuzz/support/world.js'
import { decryptFrame } from '../src/index.js'
import { makeCorpus } from './vectors/corpus.js'
import { makeSignalCorpus } from './vectors/signal-corpus.js'

const folder = fileURLToPath(new URL('../fuzz/corpus/', import.meta.url))

/** What happened: 'ok', or the code of a typed error. Anything else is thrown on. */
function outcome(run: () => void): string {
  try {
    run()
    return 'ok'
  } catch (error) {
    if (isHyphaeError(error)) return error.code
    throw error
  }
}

const GOOD: Readonly<Record<string, readonly string[]>> = {
  bundle: ['one-time', 'last-resort'],
  handshake: ['good'],
  snapshot: ['good', 'counter-last', 'receiving-end'],
  frame: ['current', 'next', 'late', 'read'],
  'pq-bundle': ['one-time', 'last-resort'],
  'pq-handshake': ['good'],
  'pq-snapshot': ['awaiting', 'offering', 'answering', 'moved', 'resting', 'epoch-end'],
  'pq-padding': ['good', 'nothing', 'empty', 'acknowledged', 'answer'],
}

/** Later targets say it in the names of their inputs. */
const isGood = (target: string, input: string): boolean =>
  input.startsWith('good') || GOOD[target]?.includes(input) === true

const SIGNAL = [signalMessage, signalFirstMessage, signalBundle, signalPq, signalSnapshot]
const PQ = [pqBundle, pqHandshake, pqSnapshot, pqPadding]

for (const target of [bundle, handshake, snapshot, frame, prekeys, ...PQ, ...SIGNAL]) {
  describe(`corpus of ${target.name}`, () => {
    const names = readdirSync(folder + target.name).sort()
    const inputs = names.map((name) => Uint8Array.from(readFileSync(`${folder}${target.name}/${name}`)))

    it('ends as expected, input by input', () => {
      expect(names.length).toBeGreaterThan(9)
      for (const [i, name] of names.entries()) {
        const result = outcome(() => target.run(inputs[i] as Uint8Array))
        const good = isGood(target.name, name)
        // A frame that is nobody's is no error; the target itself checks that it did not open.
        if (good) expect([name, result]).toEqual([name, 'ok'])
        else if (target.name !== 'frame') expect([name, result]).not.toEqual([name, 'ok'])
      }
    })

    it('fails only with typed errors under mutation', () => {
      const mutated = fc
        .tuple(
          fc.constantFrom(...inputs),
          fc.array(fc.tuple(fc.nat({ max: 2600 }), fc.nat({ max: 255 })), { maxLength: 6 }),
          fc.nat({ max: 9 }),
        )
        .map(([input, edits, cut]) => {
          const copy = Uint8Array.from(input)
          for (const [at, value] of edits) if (at < copy.length) copy[at] = value
          return cut === 0 ? copy.subarray(0, copy.length - 1) : copy
        })
      fc.assert(
        fc.property(mutated, (input) => {
          outcome(() => target.run(input))
        }),
        { numRuns: target.name === 'frame' ? 400 : 100 },
      )
    })
  })
}

describe('fuzz world', () => {
  it('makes the committed corpus', () => {
    for (const [name, inputs] of Object.entries({ ...makeCorpus(), ...makeSignalCorpus() })) {
      for (const [input, bytes] of Object.entries(inputs)) {
        expect(Uint8Array.from(readFileSync(`${folder}${name}/${input}`))).toEqual(Uint8Array.from(bytes))
      }
    }
  })

  it('has a session that opens its current, next and late frame, and not the one it read', () => {
    const { crypto, session, frames } = fuzzWorld()
    expect(frames.map((one) => decryptFrame(crypto, session, one)?.n)).toEqual([3, 0, 0, undefined])
  })
})
