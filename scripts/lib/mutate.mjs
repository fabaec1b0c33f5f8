// Mutations of a byte string, each a small step from something valid: what a decoder is most likely to miss.

/** Longest input a mutation makes: above every frame, record and bundle, below what makes a run slow. */
const MAX_INPUT = 16_384
/** Lengths and counts that sit at the edges of their fields. */
const EDGES = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff]

function splice(input, at, removed, inserted) {
  const out = new Uint8Array(input.length - removed + inserted.length)
  out.set(input.subarray(0, at))
  out.set(inserted, at)
  out.set(input.subarray(at + removed), at + inserted.length)
  return out
}

const MUTATIONS = [
  function flipBit(input, random) {
    const out = input.slice()
    if (out.length > 0) out[random.below(out.length)] ^= 1 << random.below(8)
    return out
  },
  function setEdge(input, random) {
    const out = input.slice()
    if (out.length > 0) out[random.below(out.length)] = EDGES[random.below(EDGES.length)]
    return out
  },
  function overwrite(input, random) {
    const out = input.slice()
    const at = random.below(out.length + 1)
    out.set(random.bytes(Math.min(1 + random.below(8), out.length - at)), at)
    return out
  },
  function insert(input, random) {
    return splice(input, random.below(input.length + 1), 0, random.bytes(1 + random.below(16)))
  },
  function remove(input, random) {
    const at = random.below(input.length + 1)
    return splice(input, at, Math.min(1 + random.below(16), input.length - at), new Uint8Array())
  },
  function truncate(input, random) {
    return input.slice(0, random.below(input.length + 1))
  },
  function repeat(input, random) {
    const at = random.below(input.length + 1)
    return splice(input, at, 0, input.subarray(at, at + 1 + random.below(64)))
  },
  function cross(input, random, corpus) {
    const other = corpus[random.below(corpus.length)]
    const at = random.below(other.length + 1)
    return splice(input, random.below(input.length + 1), 0, other.subarray(at, at + 1 + random.below(256)))
  },
]

/** One to four mutations of a member of the corpus; with an empty corpus, of random bytes. */
export function mutate(corpus, random) {
  const seeds = corpus.length > 0 ? corpus : [random.bytes(random.below(256))]
  let input = seeds[random.below(seeds.length)]
  const steps = 1 + random.below(4)
  for (let step = 0; step < steps; step++) {
    input = MUTATIONS[random.below(MUTATIONS.length)](input, random, seeds).slice(0, MAX_INPUT)
  }
  return input
}
