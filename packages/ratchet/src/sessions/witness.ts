/**
 * A counter outside the store that tells a restored copy from the newest (spec/session.md, "Rollback").
 *
 * It is advanced after each commit and before anything of it is handed out. While one call is under way, later
 * commits wait for it and share the next, so that a busy node does not pay for each.
 */
import { SessionsError } from './errors.js'

/** A file, a keychain, a server: whatever is not restored together with the store. */
export interface Witness {
  /** The highest generation it was advanced to; undefined when it never was. */
  read(): Promise<number | undefined>
  /** Resolves when `generation`, or a higher one it had already, outlives a crash. Never goes back. */
  advance(generation: number): Promise<void>
}

export interface Witnessing {
  /** Resolves when the witness has reached `generation`. @throws SessionsError `ratchet/witness-failed` */
  reach(generation: number): Promise<void>
}

export function witnessing(witness: Witness | undefined, initial: number): Witnessing {
  if (witness === undefined) return { reach: async () => {} }
  let reached = initial
  let target = initial
  let running: Promise<void> | undefined
  // A witness that throws instead of rejecting must not end this turn before `running` is set.
  const advance = async (goal: number): Promise<void> => witness.advance(goal)
  const step = async (): Promise<void> => {
    const goal = target
    try {
      await advance(goal)
      reached = goal
    } catch (cause) {
      throw new SessionsError('ratchet/witness-failed', { cause })
    } finally {
      running = undefined
    }
  }
  return {
    reach: async (generation) => {
      target = Math.max(target, generation)
      while (reached < generation) {
        running ??= step()
        await running
      }
    },
  }
}

/** @throws SessionsError `ratchet/witness-failed` */
export async function readWitness(witness: Witness | undefined): Promise<number | undefined> {
  try {
    return await witness?.read()
  } catch (cause) {
    throw new SessionsError('ratchet/witness-failed', { cause })
  }
}
