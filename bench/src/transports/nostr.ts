// Nostr: NIP-44 and gift wraps, ours against nostr-tools.
//
// Both get the conversation key beforehand, as both keep it. Unwrapping: the wrap was verified by whoever took it from a
// relay; ours verifies the seal too and has met its author before, nostr-tools does neither. Receiving is both: the wrap
// as it came from JSON, verified and unwrapped. The same text goes through both, and each must read what the other wrote.
import { defaultCrypto, prepareSymmetric } from '@hyphae/crypto'
import {
  conversationKey,
  conversationKeys,
  createNostr,
  decrypt44,
  encrypt44,
  exportNostrKey,
  generateNostrKey,
  giftWrap,
  KIND_CHAT,
  makeRumor,
  overLibsecp256k1,
  unwrapGift,
  verifyEvent,
} from '@hyphae/transport-nostr'
import { nip44, nip59, verifyEvent as verifyWithNostrTools } from 'nostr-tools'
import * as library from 'tiny-secp256k1'
import { type Candidate, measure, type Report, round } from '../harness.ts'

const nostr = createNostr(defaultCrypto)
/** The same with libsecp256k1 in WebAssembly, which an application may bring. */
const fast = createNostr(defaultCrypto, overLibsecp256k1(library))
const keys = conversationKeys(nostr)
const [ada, ben] = [generateNostrKey(nostr), generateNostrKey(nostr)]
const SIZES = { 64: '64', 16384: '16k' } as const
const NOW = Math.floor(Date.now() / 1000)
const OURS = 'hyphae'
const OURS_FAST = 'hyphae with libsecp256k1'
const PEER = 'nostr-tools'

const each = (name: string, work: () => number): Candidate => ({
  name,
  batch: (n) => {
    let sum = 0
    for (let i = 0; i < n; i++) sum += work()
    return sum
  },
})

function checkPeer(text: string, key: Uint8Array): void {
  if (nip44.decrypt(encrypt44(nostr, key, text), key) !== text)
    throw new Error('nostr-tools cannot read ours')
  if (decrypt44(nostr, key, nip44.encrypt(text, key)) !== text) throw new Error('we cannot read nostr-tools')
}

function add({ figures, ratios }: Report, row: string, times: ReadonlyMap<string, number>): void {
  const [ours, peer] = [times.get(OURS) as number, times.get(PEER) as number]
  figures[`${row}Us`] = round(ours / 1000)
  figures[`${row}NostrToolsUs`] = round(peer / 1000)
  ratios[`${row}VsNostrTools`] = round(peer / ours)
  const withLibrary = times.get(OURS_FAST)
  if (withLibrary === undefined) return
  figures[`${row}Libsecp256k1Us`] = round(withLibrary / 1000)
  ratios[`${row}Libsecp256k1VsNostrTools`] = round(peer / withLibrary)
}

export async function nostrRows(report: Report): Promise<void> {
  // Loads by itself after a few calls, and then at the next turn of the event loop, which a measurement has none of.
  await prepareSymmetric()
  const key = conversationKey(nostr, ada, ben.publicKey)
  for (const [size, name] of Object.entries(SIZES)) {
    const text = 'm'.repeat(Number(size))
    checkPeer(text, key)
    const [ours, theirs] = [encrypt44(nostr, key, text), nip44.encrypt(text, key)]
    add(
      report,
      `nip44Encrypt${name}`,
      measure([
        each(OURS, () => encrypt44(nostr, key, text).length),
        each(PEER, () => nip44.encrypt(text, key).length),
      ]),
    )
    add(
      report,
      `nip44Decrypt${name}`,
      measure([
        each(OURS, () => decrypt44(nostr, key, ours).length),
        each(PEER, () => nip44.decrypt(theirs, key).length),
      ]),
    )
  }
  wraps(report)
}

function wraps(report: Report): void {
  const template = { kind: KIND_CHAT, created_at: NOW, tags: [['p', ben.publicKey]], content: 'm'.repeat(64) }
  const rumor = makeRumor(nostr, ada.publicKey, template)
  const options = { author: ada, recipient: ben.publicKey, rumor, now: NOW, keys }
  const [adaSecret, benSecret] = [exportNostrKey(ada), exportNostrKey(ben)]
  const peerEvent = { ...template, tags: [['p', ben.publicKey]] }
  const wrap = giftWrap(nostr, options)
  const text = JSON.stringify(wrap)
  const plain = JSON.parse(text)
  const verified = verifyEvent(nostr, plain)
  if (nip59.unwrapEvent(plain, benSecret).id !== rumor.id) throw new Error('nostr-tools cannot unwrap ours')
  const theirs = JSON.parse(JSON.stringify(nip59.wrapEvent(peerEvent, adaSecret, ben.publicKey)))
  if (unwrapGift(nostr, { own: ben, keys }, theirs)?.rumor.content !== rumor.content)
    throw new Error('we cannot unwrap nostr-tools')
  add(
    report,
    'wrap',
    measure([
      each(OURS, () => giftWrap(nostr, options).kind),
      each(OURS_FAST, () => giftWrap(fast, options).kind),
      each(PEER, () => nip59.wrapEvent(peerEvent, adaSecret, ben.publicKey).kind),
    ]),
  )
  add(
    report,
    'unwrap',
    measure([
      each(OURS, () => unwrapGift(nostr, { own: ben, keys }, verified)?.rumor.kind ?? 0),
      each(OURS_FAST, () => unwrapGift(fast, { own: ben, keys }, verified)?.rumor.kind ?? 0),
      each(PEER, () => nip59.unwrapEvent(plain, benSecret).kind),
    ]),
  )
  add(
    report,
    'receive',
    measure([
      each(OURS, () => unwrapGift(nostr, { own: ben, keys }, JSON.parse(text))?.rumor.kind ?? 0),
      each(OURS_FAST, () => unwrapGift(fast, { own: ben, keys }, JSON.parse(text))?.rumor.kind ?? 0),
      each(PEER, () => {
        const event = JSON.parse(text)
        if (!verifyWithNostrTools(event)) throw new Error('nostr-tools cannot verify ours')
        return nip59.unwrapEvent(event, benSecret).kind
      }),
    ]),
  )
}
