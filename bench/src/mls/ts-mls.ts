// ts-mls as it comes: its own provider over WebCrypto and its default settings.
// The modules one by one: the package's entry also loads a provider whose dependency it does not declare.
import type { CiphersuiteImpl, ClientState, KeyPackage, PrivateKeyPackage, Welcome } from 'ts-mls'
import { createGroup, joinGroup } from 'ts-mls/clientState.js'
import { createCommit } from 'ts-mls/createCommit.js'
import { createApplicationMessage } from 'ts-mls/createMessage.js'
import { getCiphersuiteFromName } from 'ts-mls/crypto/ciphersuite.js'
import { getCiphersuiteImpl } from 'ts-mls/crypto/getCiphersuiteImpl.js'
import { defaultCapabilities } from 'ts-mls/defaultCapabilities.js'
import { generateKeyPackage } from 'ts-mls/keyPackage.js'
import { defaultLifetime } from 'ts-mls/lifetime.js'
import { processPrivateMessage } from 'ts-mls/processMessages.js'
import { emptyPskIndex } from 'ts-mls/pskIndex.js'
import { type Contender, type Group, identity, other, PLAINTEXT, type Side } from './contender.ts'

type PrivateMessage = Parameters<typeof processPrivateMessage>[1]

interface Device {
  readonly publicPackage: KeyPackage
  readonly privatePackage: PrivateKeyPackage
}

function makeDevice(cs: CiphersuiteImpl, index: number): Promise<Device> {
  const credential = { credentialType: 'basic' as const, identity: new TextEncoder().encode(identity(index)) }
  return generateKeyPackage(credential, defaultCapabilities(), defaultLifetime, [], cs)
}

async function read(cs: CiphersuiteImpl, state: ClientState, message: PrivateMessage): Promise<ClientState> {
  const result = await processPrivateMessage(state, message, emptyPskIndex, cs)
  if (result.kind === 'applicationMessage' && result.message.length !== PLAINTEXT.length)
    throw new Error('not read')
  return result.newState
}

async function newGroup(cs: CiphersuiteImpl, devices: readonly Device[]): Promise<Group> {
  const [first, ...rest] = devices as [Device, ...Device[]]
  const last = rest.at(-1) as Device
  const groupId = cs.rng.randomBytes(16)
  const alone = await createGroup(groupId, first.publicPackage, first.privatePackage, [], cs)
  const states: Record<Side, ClientState> = { first: alone, last: alone }
  let welcome: Welcome | undefined
  let commit: PrivateMessage | undefined
  const messages: PrivateMessage[] = []
  return {
    async addAll() {
      const extraProposals = rest.map(({ publicPackage }) => ({
        proposalType: 'add' as const,
        add: { keyPackage: publicPackage },
      }))
      const made = await createCommit(
        { state: states.first, cipherSuite: cs },
        { extraProposals, ratchetTreeExtension: true },
      )
      states.first = made.newState
      welcome = made.welcome
    },
    async join() {
      if (welcome === undefined) throw new Error('no Welcome')
      states.last = await joinGroup(welcome, last.publicPackage, last.privatePackage, emptyPskIndex, cs)
    },
    async update(who) {
      const made = await createCommit({ state: states[who], cipherSuite: cs })
      states[who] = made.newState
      if (made.commit.wireformat !== 'mls_private_message') throw new Error('not private')
      commit = made.commit.privateMessage
    },
    async process(who) {
      const side = other(who)
      states[side] = await read(cs, states[side], commit as PrivateMessage)
    },
    async encrypt(count) {
      messages.length = 0
      for (let i = 0; i < count; i++) {
        const sent = await createApplicationMessage(states.first, PLAINTEXT, cs)
        states.first = sent.newState
        messages.push(sent.privateMessage)
      }
    },
    async decrypt() {
      for (const message of messages) states.last = await read(cs, states.last, message)
    },
  }
}

export const tsMls: Contender = {
  name: 'ts-mls',
  async prepare(members) {
    const cs = await getCiphersuiteImpl(
      getCiphersuiteFromName('MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519'),
    )
    const devices: Device[] = []
    for (let index = 0; index < members; index++) devices.push(await makeDevice(cs, index))
    return () => newGroup(cs, devices)
  },
}
