/**
 * How a process that is a relay collects its garbage.
 *
 * Nearly all that a relay makes is dead before the next small collection. What grows old by chance is little, but V8
 * lets a small heap grow by a fifth only before it collects all of it: under load once a second, and each time all
 * requests wait some 25 ms. The slowest hundredth of the frames was what waited for that.
 */
import { setFlagsFromString } from 'node:v8'

/** Of what is in use: V8 itself goes up to three times, where it thinks that collecting takes too long. */
const HEAP_GROWING_PERCENT = 200

/** For a process that does nothing else: it is the whole process that is set. */
export function collectSeldom(): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`)
}
