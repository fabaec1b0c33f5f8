/** An engine that acknowledges frames and keeps none of them while it is told to. */
import { embeddedEngine, type OpenEngine } from '@hyphae/relay'

export interface Withholding {
  readonly engine: OpenEngine
  /** Frames that were acknowledged and dropped. */
  dropped(): number
  drop(dropping: boolean): void
}

export function withholding(): Withholding {
  let dropping = false
  let dropped = 0
  return {
    engine: async (options) => {
      const engine = await embeddedEngine(options)
      return {
        ...engine,
        put: async (box, id, frame, put) => {
          if (!dropping) return engine.put(box, id, frame, put)
          dropped += 1
          return null
        },
      }
    },
    dropped: () => dropped,
    drop: (on) => {
      dropping = on
    },
  }
}
