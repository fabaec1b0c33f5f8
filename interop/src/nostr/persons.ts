// A person of ours and one on nostr-tools, as NIP-17 has them meet: by lists of relays, with several recipients, answers,
// copies for oneself, and a file whose bytes arrive.
import { createDecipheriv, randomBytes } from 'node:crypto'
import { finalizeEvent, generateSecretKey, getPublicKey, nip17, nip59 } from 'nostr-tools'
import { Relay } from 'nostr-tools/relay'
import { silentLogger, systemClock } from '../../../packages/core/dist/index.js'
import { defaultCrypto as crypto } from '../../../packages/crypto/dist/index.node.js'
import {
  createNostr,
  fileTemplate,
  generateNostrKey,
  nostrPerson,
  type PrivateMessage,
  sealFile,
  textTemplate,
} from '../../../packages/transport-nostr/dist/index.node.js'
import type { RawRumor } from './client.js'

type Say = (what: string, holds: boolean) => void

const seconds = (): number => Math.floor(Date.now() / 1000)

/** Gives the wraps to this key that lie at the relay, opened by nostr-tools. */
function openAll(relay: Relay, secret: Uint8Array): Promise<RawRumor[]> {
  const found: RawRumor[] = []
  return new Promise((resolve) => {
    const subscription = relay.subscribe([{ kinds: [1059], '#p': [getPublicKey(secret)] }], {
      onevent: (wrap) => found.push(nip59.unwrapEvent(wrap, secret)),
      oneose: () => {
        subscription.close()
        resolve(found)
      },
    })
  })
}

const tagOf = (rumor: RawRumor, name: string): string =>
  rumor.tags.find(([found]) => found === name)?.[1] ?? ''

/** What describes a file opens it, with another implementation of AES-GCM. */
function openWithNode(rumor: RawRumor, sealed: Uint8Array): Buffer {
  const [key, nonce] = ['decryption-key', 'decryption-nonce'].map((name) =>
    Buffer.from(tagOf(rumor, name), 'hex'),
  )
  const cipher = createDecipheriv('aes-256-gcm', key as Buffer, nonce as Buffer)
  cipher.setAuthTag(sealed.subarray(-16))
  return Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()])
}

export async function persons(url: string, say: Say): Promise<void> {
  const relay = await Relay.connect(url)
  const [ben, cem] = [generateSecretKey(), generateSecretKey()]
  const ours = nostrPerson(
    [url],
    { clock: systemClock, logger: silentLogger },
    { key: generateNostrKey(createNostr(crypto)) },
  )
  const to = { recipients: [getPublicKey(ben), getPublicKey(cem)], now: seconds() }
  const unlisted = await ours.send(textTemplate('hello', to)).catch((error: { code?: string }) => error.code)
  say('nothing is sent to who lists no relays', unlisted === 'nostr/no-message-relays')
  for (const secret of [ben, cem])
    await relay.publish(
      finalizeEvent({ kind: 10050, created_at: seconds(), tags: [['relay', url]], content: '' }, secret),
    )
  const id = await ours.send(textTemplate('to both', { ...to, subject: 'harvest', replyTo: 'a'.repeat(64) }))
  for (const secret of [ben, cem]) {
    const [rumor] = await openAll(relay, secret)
    const right =
      rumor?.content === 'to both' &&
      tagOf(rumor, 'subject') === 'harvest' &&
      tagOf(rumor, 'e') === 'a'.repeat(64)
    say('each of two recipients reads the text, its subject and what it answers', right)
  }
  const bytes = randomBytes(10_000)
  const { sealed, ...secrets } = sealFile(crypto, bytes)
  const file = { url: 'https://files.example/1', mediaType: 'image/png', ...secrets }
  await ours.send(fileTemplate(file, { recipients: [getPublicKey(ben)], now: seconds() }))
  const described = (await openAll(relay, ben)).find(({ kind }) => kind === 15)
  say(
    'a file is opened by what describes it',
    described !== undefined && openWithNode(described, sealed).equals(bytes),
  )

  await ours.announce()
  const wraps = nip17.wrapManyEvents(ben, [{ publicKey: ours.publicKey }], 'an answer', 'harvest', {
    eventId: id,
  })
  for (const wrap of wraps) await relay.publish(wrap)
  const got: PrivateMessage[] = []
  for await (const message of ours.messages({ signal: AbortSignal.timeout(15_000) }))
    if (got.push(message) === 3) break
  const answer = got.find(({ author }) => author === getPublicKey(ben))
  say(
    'ours reads an answer of nostr-tools, and what it answers',
    answer?.kind === 'text' &&
      answer.text === 'an answer' &&
      answer.replyTo === id &&
      answer.subject === 'harvest',
  )
  say(
    'ours finds its own two messages as copies',
    got.filter(({ author }) => author === ours.publicKey).length === 2,
  )
  await ours.close()
  relay.close()
}
