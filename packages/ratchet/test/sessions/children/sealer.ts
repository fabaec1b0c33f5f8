/** Child process: seals messages in the shared store at argv[2] and prints each frame, reloading after a conflict. */
import { readFile } from 'node:fs/promises'
import { isHyphaeError } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { openSessions } from '../../../src/sessions.js'
import { fileStore } from './file-store.js'

const [, , path = '', name = '', count = '0', now = '0'] = process.argv
const secrets = JSON.parse(await readFile(`${path}.keys`, 'utf8'))
const keys = {
  signing: crypto.ed25519.importSeed(Uint8Array.from(Buffer.from(secrets.signing, 'hex'))),
  agreement: crypto.x25519.importPrivateKey(Uint8Array.from(Buffer.from(secrets.agreement, 'hex'))),
}
/** The time of the test that started it. */
const clock = { now: (): number => Number(now) }
const sessions = await openSessions({ crypto, clock, keys, store: fileStore(path) })
process.stdout.write('ready\n')
await new Promise((resolve) => process.stdin.once('data', resolve))
for (let i = 0; i < Number(count); ) {
  const body = Buffer.from(`${name} ${i}`)
  try {
    const { frame } = await sessions.transact((tx) => sessions.encrypt(tx, 'bob', { body, size: 128 }))
    process.stdout.write(`frame ${Buffer.from(frame).toString('hex')}\n`)
    i += 1
  } catch (error) {
    if (!isHyphaeError(error, 'ratchet/conflict')) throw error
    process.stdout.write('conflict\n')
    await sessions.reload()
  }
}
process.exit(0)
