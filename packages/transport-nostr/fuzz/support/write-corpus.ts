/** Writes the corpus afresh: `good-*` is what a target accepts, `bad-*` what it refuses. Run it with tsx. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { createNobleCrypto, unsafeSeededRng } from '@hyphae/crypto'
import {
  conversationKey,
  createNostr,
  encrypt44,
  importNostrKey,
  KIND_CHAT,
  makeRumor,
  signEvent,
} from '../../src/index.js'
import { author, NOW, reader } from './target.js'

const nostr = createNostr(createNobleCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(1)) }))
const other = importNostrKey(nostr, new Uint8Array(32).fill(8))

function save(target: string, name: string, text: string): void {
  const folder = new URL(`../corpus/${target}/`, import.meta.url)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(name, folder), text)
}

const template = {
  kind: KIND_CHAT,
  created_at: NOW,
  tags: [['p', reader.publicKey]],
  content: 'the door is open',
}

const event = JSON.stringify(signEvent(nostr, author, template))
save('event', 'good-chat', event)
save('event', 'good-one-field-more', event.replace('{', '{"verified":true,'))
save('event', 'bad-content', event.replace('open', 'shut'))
save('event', 'bad-proto', event.replace('"tags"', '"__proto__"'))
save('event', 'bad-kind', event.replace('"kind":14', '"kind":1e9'))
save('event', 'bad-cut', event.slice(0, -1))
save('event', 'bad-empty', '')

const payload = encrypt44(nostr, conversationKey(nostr, author, reader.publicKey), 'the door is open')
save('payload', 'good-text', payload)
save('payload', 'bad-version', `B${payload.slice(1)}`)
save('payload', 'bad-end', `${payload.slice(0, -4)}AAA=`)
save('payload', 'bad-cut', payload.slice(0, -4))
save('payload', 'bad-empty', '')

const rumor = JSON.stringify(makeRumor(nostr, author.publicKey, template))
save('rumor', 'good-chat', rumor)
save('rumor', 'bad-author', JSON.stringify(makeRumor(nostr, other.publicKey, template)))
save('rumor', 'bad-id', rumor.replace('open', 'shut'))
save('rumor', 'bad-cut', rumor.slice(0, -1))
