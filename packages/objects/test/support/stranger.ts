// A peer that says whatever a test wants, and writes down what it is told.
import { assembly, cutMessage, type Message } from '@hyphae/objects'
import type { Wire } from './wire.js'

export interface Stranger {
  say(...messages: Message[]): Promise<void>
  frame(bytes: Uint8Array): Promise<void>
  readonly heard: Message[]
  readonly of: <K extends Message['kind']>(kind: K) => Extract<Message, { kind: K }>[]
}

export function stranger(net: Wire, name: string, victim: string): Stranger {
  const link = net.link(name)
  const heard: Message[] = []
  const incoming = assembly()
  let number = 0
  const read = async (): Promise<void> => {
    for await (const { frame } of link.frames()) {
      const message = incoming.take(frame)
      if (message) heard.push(message)
    }
  }
  void read()
  return {
    heard,
    of: <K extends Message['kind']>(kind: K) =>
      heard.filter((message): message is Extract<Message, { kind: K }> => message.kind === kind),
    frame: (bytes) => link.send(victim, bytes),
    say: async (...messages) => {
      for (const message of messages)
        for (const frame of cutMessage(message, number++, { mtu: 4096, thin: false }))
          await link.send(victim, frame)
    },
  }
}
