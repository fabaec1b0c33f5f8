/** What every implementation is driven through: one person, one key, one relay. */

export interface FileLetter {
  readonly url: string
  readonly mediaType: string
  /** Hexadecimal, as the three below. */
  readonly key: string
  readonly nonce: string
  readonly hash: string
}

export type Letter =
  | { readonly kind: 'text'; readonly from: string; readonly text: string }
  | { readonly kind: 'file'; readonly from: string; readonly file: FileLetter }

export interface Client {
  readonly name: string
  readonly publicKey: string
  /** Resolves when the relay has said OK. */
  send(to: string, letter: Letter): Promise<void>
  /** The next private message, in the order of arrival. */
  next(): Promise<Letter>
  close(): Promise<void>
}

export interface RawRumor {
  readonly kind: number
  readonly pubkey: string
  readonly content: string
  readonly tags: readonly (readonly string[])[]
}

/** The kinds and tags of NIP-17, written out here once more: what the peers are given is not made by our own code. */
export function rumorOf(to: string, letter: Letter): { kind: number; content: string; tags: string[][] } {
  if (letter.kind === 'text') return { kind: 14, content: letter.text, tags: [['p', to]] }
  const { url, mediaType, key, nonce, hash } = letter.file
  const tags = [
    ['p', to],
    ['file-type', mediaType],
    ['encryption-algorithm', 'aes-gcm'],
    ['decryption-key', key],
    ['decryption-nonce', nonce],
    ['x', hash],
  ]
  return { kind: 15, content: url, tags }
}

export function letterOf(rumor: RawRumor): Letter {
  const tag = (name: string): string => rumor.tags.find(([found]) => found === name)?.[1] ?? ''
  if (rumor.kind === 14) return { kind: 'text', from: rumor.pubkey, text: rumor.content }
  const file = {
    url: rumor.content,
    mediaType: tag('file-type'),
    key: tag('decryption-key'),
    nonce: tag('decryption-nonce'),
    hash: tag('x'),
  }
  return { kind: 'file', from: rumor.pubkey, file }
}

/** Letters that came before somebody asked, and askers who came before a letter. */
export function inbox(): { put(letter: Letter): void; next(): Promise<Letter> } {
  const letters: Letter[] = []
  const waiting: ((letter: Letter) => void)[] = []
  return {
    put: (letter) => {
      const waiter = waiting.shift()
      if (waiter === undefined) letters.push(letter)
      else waiter(letter)
    },
    next: () => {
      const letter = letters.shift()
      return letter === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(letter)
    },
  }
}
