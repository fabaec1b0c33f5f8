/** Two links in one process, right in every way, for mutants to be wrong in one. */
import { type Carrier, CoreError, type IoOptions, isFrameSize, type Link } from '@hyphae/core'
import { TestkitError } from '../src/errors.js'
import { queue } from '../src/simulation/queue.js'

const ROOM = 64
export const traits = {
  mtu: 4096,
  bandwidthBps: 1_000_000,
  latencyMs: 0,
  reliable: true,
  ordered: true,
  metered: false,
  privacy: 'direct' as const,
}

interface End {
  readonly frames: ReturnType<typeof queue<{ peer: string; frame: Uint8Array }>>
  readonly closed: AbortController
  waiting: number
  readonly held: Set<() => void>
}

export interface MemoryLinks {
  readonly near: Carrier
  readonly far: Carrier
}

export function memoryLinks(mutate: (link: Link) => Partial<Link> = () => ({})): MemoryLinks {
  const ends = new Map<string, End>()
  for (const name of ['near', 'far'])
    ends.set(name, { frames: queue(1_000_000), closed: new AbortController(), waiting: 0, held: new Set() })
  const carrier = (name: string): Carrier => {
    const end = ends.get(name) as End
    const link = linkOf(name, end, ends)
    const close = async (): Promise<void> => end.closed.abort()
    return { name, traits, link: { ...link, ...mutate(link) }, close, [Symbol.asyncDispose]: close }
  }
  return { near: carrier('near'), far: carrier('far') }
}

function linkOf(name: string, end: End, ends: ReadonlyMap<string, End>): Link {
  return {
    send: async (peer, frame, options) => {
      const target = ends.get(peer)
      if (!isFrameSize(frame.length) || target === undefined) throw new TestkitError('testkit/refused')
      if (end.closed.signal.aborted) throw new TestkitError('testkit/closed')
      ready(options)
      target.waiting += 1
      target.frames.push({ peer: name, frame: frame.slice() })
      while (target.waiting > ROOM) await room(target, options)
    },
    frames: async function* (options) {
      const { signal } = end.closed
      const stop = options?.signal === undefined ? signal : AbortSignal.any([options.signal, signal])
      for await (const received of end.frames.read(stop)) {
        end.waiting -= 1
        for (const go of [...end.held]) go()
        yield received
      }
    },
  }
}

function ready(options: IoOptions | undefined): void {
  if (options?.signal?.aborted) throw new CoreError('core/aborted')
}

function room(target: End, options: IoOptions | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const go = (): void => {
      target.held.delete(go)
      options?.signal?.removeEventListener('abort', leave)
      resolve()
    }
    const leave = (): void => {
      target.held.delete(go)
      reject(new CoreError('core/aborted'))
    }
    target.held.add(go)
    options?.signal?.addEventListener('abort', leave, { once: true })
  })
}
