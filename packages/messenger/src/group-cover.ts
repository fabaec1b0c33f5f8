/**
 * Which boxes of groups get cover (spec/privacy.md section 4): those of all members of the groups that this device wrote
 * to in the last week, of the smallest groups first, as many whole groups as the limit holds. So it depends on who is
 * in them and on weeks, and never on what waits.
 */
import { type BoxId, type GroupId, toHex } from '@hyphae/core'
import type { NodeContext, Work } from './context.js'
import type { GroupMember } from './credential.js'
import { withPresentBoxes } from './group-boxes.js'
import { presentMembers, readGroup } from './group-log.js'
import { groupTurnsTable, thinMembersTable } from './group-rows.js'
import { COVERED_GROUP_BOXES, COVERED_MS } from './limits.js'
import { turnsTable } from './rows.js'

export interface GroupCover {
  /** As they are now; at most COVERED_GROUP_BOXES. */
  boxes(tx: Work): Promise<BoxId[]>
}

export function createGroupCover(context: NodeContext): GroupCover {
  const membersIn = async (tx: Work, id: GroupId): Promise<readonly GroupMember[]> => {
    const opened = await readGroup(context, tx, id)
    return opened?.row.active === true ? presentMembers(opened.log) : []
  }
  return {
    boxes: async (tx) => {
      const now = context.clock.now()
      const thin = await thinDevices(tx)
      const groups: BoxId[][] = []
      for (const { parts, row } of await groupTurnsTable.list(tx, [])) {
        if (row.wroteAt === 0 || Math.abs(now - row.wroteAt) > COVERED_MS) continue
        const id = parts[0] as GroupId
        const present = await withPresentBoxes(context, tx, id, await membersIn(tx, id))
        const isThin = await thinIn(tx, id)
        const others = present.filter(({ device }) => device !== context.self.deviceId)
        groups.push(
          others.filter(({ device }) => !thin.has(device) && !isThin.has(device)).map(({ box }) => box),
        )
      }
      return wholeGroups(groups)
    },
  }
}

/** The smallest first, while they fit. Of equal ones those that come first, which are the same each time. */
export function wholeGroups(groups: readonly (readonly BoxId[])[]): BoxId[] {
  const taken = new Map<string, BoxId>()
  for (const boxes of [...groups].sort((a, b) => a.length - b.length)) {
    if (taken.size + boxes.length > COVERED_GROUP_BOXES) break
    for (const box of boxes) taken.set(toHex(box), box)
  }
  return [...taken.values()]
}

/** Those with which there is a session, by what they sent in it. */
async function thinDevices(tx: Work): Promise<Set<string>> {
  const rows = await turnsTable.list(tx, [])
  return new Set(rows.filter(({ row }) => row.thin).map(({ parts }) => String(parts[0])))
}

async function thinIn(tx: Work, id: GroupId): Promise<Set<string>> {
  return new Set((await thinMembersTable.list(tx, [id])).map(({ parts }) => String(parts[1])))
}
