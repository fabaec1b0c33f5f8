/** An object of one's own: stored whole, then told to everybody. */
import { equalBytes } from '@hyphae/core'
import { ObjectsError } from './errors.js'
import { OWN_BATCH } from './limits.js'
import type { NodeContext } from './node-context.js'
import type { DataObject } from './object.js'
import { tellAll } from './telling.js'
import { buildTree } from './tree.js'

/** @throws ObjectsError `objects/outdated`, `objects/full`, `objects/bad-payload` */
export async function keepOwn(context: NodeContext, object: DataObject): Promise<void> {
  const { shelf, clock } = context
  const { blocks, root } = buildTree(object.payload)
  if (object.payload.length !== object.header.size || !equalBytes(root, object.header.root))
    throw new ObjectsError('objects/bad-payload', { details: { size: object.payload.length } })
  const terms = {
    keeping: 'own',
    from: '',
    since: clock.now(),
    lifeMs: object.header.ttl * 1000,
    wanted: true,
  } as const
  const held = await shelf.describe(object, terms)
  try {
    for (let at = 0; at < blocks.length; at += OWN_BATCH)
      await shelf.keep(
        held,
        blocks.slice(at, at + OWN_BATCH).map((data, i) => ({ block: at + i, data })),
        'checked',
      )
  } catch (error) {
    await shelf.drop(held, 'full').catch(() => {})
    throw error
  }
  context.emit({ type: 'complete', description: held })
  tellAll(context, held)
}
