/** Two pseudo-terminals joined as by a cable, through socat; skipped where it is not installed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { constants, existsSync, mkdtempSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const socatIsThere: boolean = spawnSync('socat', ['-V']).status === 0

export interface Cable {
  readonly ends: readonly [string, string]
  unplug(): Promise<void>
  /** Unplugs it for a moment. */
  replug(): Promise<void>
  /** Says bytes to the second end, as somebody else on the air. */
  say(bytes: Uint8Array): Promise<void>
}

async function plug(ends: readonly string[]): Promise<ChildProcess> {
  const child = spawn(
    'socat',
    ends.map((path) => `pty,rawer,link=${path}`),
    { stdio: 'ignore' },
  )
  while (!ends.every((path) => existsSync(path))) await new Promise((resolve) => setTimeout(resolve, 5))
  return child
}

export async function plugCable(): Promise<Cable> {
  const folder = mkdtempSync(join(tmpdir(), 'hyphae-serial-'))
  const ends = [join(folder, 'a'), join(folder, 'b')] as const
  let child = await plug(ends)
  const unplug = async (): Promise<void> => {
    const gone = once(child, 'exit')
    child.kill()
    await gone
  }
  return {
    ends,
    unplug,
    replug: async () => {
      await unplug()
      child = await plug(ends)
    },
    say: async (bytes) => {
      const file = await open(ends[0], constants.O_WRONLY | constants.O_NOCTTY)
      await file.write(bytes)
      await file.close()
    },
  }
}
