/** Two pseudo-terminals joined as by a cable, through socat; skipped where it is not installed. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const socatIsThere: boolean = spawnSync('socat', ['-V']).status === 0

export interface Cable {
  readonly ends: readonly [string, string]
  unplug(): Promise<void>
}

export async function plugCable(): Promise<Cable> {
  const folder = mkdtempSync(join(tmpdir(), 'hyphae-serial-'))
  const ends = [join(folder, 'a'), join(folder, 'b')] as const
  const child = spawn(
    'socat',
    ends.map((path) => `pty,rawer,link=${path}`),
    { stdio: 'ignore' },
  )
  while (!ends.every((path) => existsSync(path))) await new Promise((resolve) => setTimeout(resolve, 5))
  return {
    ends,
    unplug: async () => {
      const gone = once(child, 'exit')
      child.kill()
      await gone
    },
  }
}
