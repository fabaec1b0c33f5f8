import { describe, expect, it, vi } from 'vitest'
import { device, frameOf } from './support/links.js'

vi.mock('serialport', () => {
  throw new Error('not installed')
})

describe('without the library for serial ports', () => {
  it('listening says so, dialling finds nobody, and other kinds work', async () => {
    const place = 'serial:/dev/ttyUSB0'
    await expect(device({ listen: [place] })).rejects.toMatchObject({ code: 'link/no-serial' })
    const ben = await device({ listen: ['tcp://127.0.0.1:0'] })
    const ada = await device({ addresses: () => [place, ...ben.listening] })
    const frame = frameOf()
    await ada.link.send(ben.id, frame)
    for await (const received of ben.link.frames()) {
      expect(received.frame).toEqual(frame)
      break
    }
    const cy = await device({ addresses: () => [place] })
    await expect(cy.link.send(ben.id, frame)).rejects.toMatchObject({ code: 'link/unreachable' })
  })
})
