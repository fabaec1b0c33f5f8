/**
 * Room on the disk under the embedded store. spec/relay-store.md section 1.
 *
 * A store on a disk that is full cannot even take acknowledgements, so it would stay full: what is left is kept for
 * them, and nothing new is stored while there is less. Knows nothing of what is stored.
 */
import { statfs } from 'node:fs/promises'
import { type Logger, systemClock } from '@hyphae/core'
import { DISK_LOOK_MS, DISK_RESERVE_SHARE, type RelayLimits } from '../limits.js'

/** Bytes; undefined where the platform does not say. */
export type DiskRoom = (
  folder: string,
) => Promise<{ readonly free: number; readonly all: number } | undefined>

export interface Disk {
  /** There is less left than is kept. */
  low(): boolean
  close(): Promise<void>
}

export interface DiskOptions {
  readonly folder: string
  readonly limits: Pick<RelayLimits, 'diskReserveBytes'>
  readonly logger: Logger
  readonly room?: DiskRoom
}

const roomOf: DiskRoom = async (folder) => {
  // What says that it has no blocks at all is none that could be full.
  const { bavail, blocks, bsize } = await statfs(folder)
  return blocks === 0 ? undefined : { free: bavail * bsize, all: blocks * bsize }
}

/** Looks now, and again and again until it is closed. */
export async function watchDisk({ folder, limits, logger, room = roomOf }: DiskOptions): Promise<Disk> {
  let low = false
  const look = async (): Promise<void> => {
    const found = await room(folder).catch(() => undefined)
    if (found === undefined) return
    const reserve = Math.min(limits.diskReserveBytes, found.all / DISK_RESERVE_SHARE)
    const isLow = found.free < reserve
    if (isLow !== low) {
      if (isLow) logger.warn('disk nearly full: nothing new is stored', { free: found.free })
      else logger.info('disk has room again', { free: found.free })
    }
    low = isLow
  }
  await look()
  const stop = new AbortController()
  const looking = (async () => {
    while (!stop.signal.aborted) {
      // The disk does not wait for the relay's clock.
      await systemClock.sleep(DISK_LOOK_MS, stop.signal, true).catch(() => {})
      if (!stop.signal.aborted) await look()
    }
  })()
  return {
    low: () => low,
    close: async () => {
      stop.abort()
      await looking
    },
  }
}

/** The same limits, by which nothing new may be stored while the disk is low. */
export function limitsOn(disk: Pick<Disk, 'low'>, limits: RelayLimits): RelayLimits {
  return {
    ...limits,
    get storedBytes() {
      return disk.low() ? 0 : limits.storedBytes
    },
  }
}
