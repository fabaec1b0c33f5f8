// The sequencer of `relay-sequenced`, which may lie: it can say that another commit is there when none is, and accept
// two of one epoch. It can delay, never decide.
import type { NodeLife, SeededRandom, SimulatedNetwork } from '@hyphae/testkit'

const NAME = 'sequencer'
const ANSWER_BYTES = 40

type Answer = 'accepted' | 'taken'

export type Submit = (life: NodeLife, parent: string, envelope: Uint8Array) => Promise<Answer>

export function sequencer(network: SimulatedNetwork, random: SeededRandom, lies: number): Submit {
  const first = new Map<string, Uint8Array>()
  network.attach(NAME, () => true)
  const answerTo = (parent: string, envelope: Uint8Array): Answer => {
    if (random.chance(lies)) return random.pick<Answer>(['accepted', 'taken'])
    const known = first.get(parent)
    if (known === undefined) first.set(parent, envelope)
    return known === undefined || known === envelope ? 'accepted' : 'taken'
  }
  // What is lost is lost: the log has a patience of its own.
  return (life, parent, envelope) =>
    new Promise((resolve) => {
      const asking = {
        from: life.name,
        to: NAME,
        bytes: envelope.length,
        what: `submit on ${parent.slice(0, 6)}`,
      }
      network.send(asking, () => {
        const answer = answerTo(parent, envelope)
        const answering = { from: NAME, to: life.name, bytes: ANSWER_BYTES, what: answer }
        network.send(answering, () => {
          if (life.alive) resolve(answer)
        })
      })
    })
}
