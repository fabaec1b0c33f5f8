import { describe, expect, it } from 'vitest'
import { memoryNetwork } from '../src/index.js'
import { eventOf, next, openNode } from './nodes.js'

async function three(): Promise<Awaited<ReturnType<typeof openNode>>[]> {
  const net = memoryNetwork()
  return Promise.all([openNode(net()), openNode(net()), openNode(net())])
}

describe('groups', () => {
  it('creates, talks, removes, adds again: who is out reads nothing', async () => {
    const [ada, ben, cleo] = await three()
    if (!ada || !ben || !cleo) throw new Error('three nodes')
    const joins = Promise.all([eventOf(ben, 'group-joined'), eventOf(cleo, 'group-joined')])
    const group = await ada.createGroup({ name: 'harvest', members: [ben.id, cleo.id] })
    const [joined] = await joins
    expect(joined).toMatchObject({ group: group.id, name: 'harvest' })
    expect([...(await group.members())].sort()).toEqual([ada.id, ben.id, cleo.id].sort())

    const bens = await ben.group(group.id)
    expect(bens.admin).toBe(ada.id)
    await bens.send('bread')
    for (const node of [ada, cleo]) {
      expect(await next(node)).toMatchObject({
        text: 'bread',
        from: ben.id,
        place: { kind: 'group', group: group.id },
      })
    }

    const leaves = eventOf(cleo, 'group-left')
    await group.remove([cleo.id])
    await leaves
    const cleos = await cleo.group(group.id)
    expect(await cleos.isActive()).toBe(false)
    await expect(cleos.send('let me in')).rejects.toMatchObject({ code: 'messenger/left-group' })
    await group.send('without cleo')
    expect((await next(ben)).text).toBe('without cleo')

    const again = eventOf(cleo, 'group-joined')
    await group.add([cleo.id])
    await again
    await group.send('welcome back')
    expect((await next(cleo)).text).toBe('welcome back')
    expect((await next(ben)).text).toBe('welcome back')
    await cleos.send('thanks')
    expect((await next(ada)).text).toBe('thanks')
    expect((await cleos.history()).map((message) => message.text)).toEqual([
      'bread',
      'welcome back',
      'thanks',
    ])
  })

  it('lets only the admin change members, and a member leave', async () => {
    const [ada, ben, cleo] = await three()
    if (!ada || !ben || !cleo) throw new Error('three nodes')
    const joins = Promise.all([eventOf(ben, 'group-joined'), eventOf(cleo, 'group-joined')])
    const group = await ada.createGroup({ name: 'circle', members: [ben.id, cleo.id] })
    await joins
    const bens = await ben.group(group.id)
    await expect(bens.remove([cleo.id])).rejects.toMatchObject({ code: 'messenger/not-admin' })
    await expect(group.leave()).rejects.toMatchObject({ code: 'messenger/admin-stays' })
    await expect(group.remove([ada.id])).rejects.toMatchObject({ code: 'messenger/not-member' })
    const gone = eventOf(ben, 'group-left')
    const noticed = eventOf(cleo, 'group-changed')
    await bens.leave()
    await gone
    expect(await noticed).toMatchObject({ removed: [ben.id] })
    expect(await (await cleo.group(group.id)).members()).not.toContain(ben.id)
    await expect(ada.group('00'.repeat(16) as never)).rejects.toMatchObject({
      code: 'messenger/unknown-group',
    })
    expect((await ada.groups()).map((one) => one.name)).toEqual(['circle'])
  })

  it('sends a file to a group', async () => {
    const [ada, ben, cleo] = await three()
    if (!ada || !ben || !cleo) throw new Error('three nodes')
    const joins = Promise.all([eventOf(ben, 'group-joined'), eventOf(cleo, 'group-joined')])
    const group = await ada.createGroup({ name: 'files', members: [ben.id, cleo.id] })
    await joins
    const data = new Uint8Array(10_000).map((_, i) => i % 251)
    await group.sendFile({ name: 'map.bin', data })
    for (const node of [ben, cleo]) expect(await node.downloadFile(await next(node))).toEqual(data)
  })
})
