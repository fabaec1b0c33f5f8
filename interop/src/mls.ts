// Our groups against OpenMLS, as @wireapp/core-crypto runs it in wasm: one group of both for each suite.
//
//   npm run interop -- mls             suites 1, 2, 3 and 7; exits 0 when both agree on everything
//   npm run interop -- mls 1 3         these suites alone
import process from 'node:process'
import { inspect } from 'node:util'
import { coreCryptoParty, loadCoreCrypto } from './mls/core-crypto.js'
import { Group, type Tally } from './mls/exchange.js'
import { hyphaeParty } from './mls/hyphae.js'

const SUITES = [1, 2, 3, 7]
const DOMAIN = 'wire.com'
const USER = '6838237d-02f6-4098-b110-698253d1596'
/** RFC 9420 section 17.3: required_capabilities. Basic credentials, and nothing else. */
const REQUIRED_CAPABILITIES = { type: 3, data: Uint8Array.of(0, 0, 2, 0, 1) }

type Core = Awaited<ReturnType<typeof loadCoreCrypto>>

async function play(core: Core, suite: number): Promise<Tally> {
  const theirs = (n: number): ReturnType<typeof coreCryptoParty> =>
    coreCryptoParty(core, suite, { user: `${USER}${n}`, device: BigInt(n), domain: DOMAIN })
  const ours = (n: number): ReturnType<typeof hyphaeParty> => hyphaeParty(suite, `${USER}${n}:${n}@${DOMAIN}`)
  const [ann, ben, cat] = [ours(1), ours(2), ours(3)]
  const [wim, xia, yan] = [await theirs(4), await theirs(5), await theirs(6)]

  const group = new Group(ann)
  await ann.create(new Uint8Array(16).fill(suite))
  await group.add(ann, [ben, wim, xia])
  await group.talk()
  await group.change(ann, 'updates', await ann.update())
  await group.change(wim, 'updates', await wim.update())
  await group.talk()
  await group.add(wim, [cat, yan])
  await group.talk()
  await group.change(cat, 'updates', await cat.update())
  await group.change(ann, 'extensionChanges', await ann.changeExtensions([REQUIRED_CAPABILITIES]))
  await group.talk()
  await group.remove(wim, ben)
  await group.talk()
  await group.remove(ann, yan)
  await group.talk()
  await yan.forget().catch(() => undefined)
  const zoe = await theirs(7)
  await group.enter(zoe, ann)
  await group.talk()
  await group.change(zoe, 'updates', await zoe.update())
  const dan = ours(8)
  await group.enter(dan, zoe)
  await group.talk()
  await group.change(dan, 'updates', await dan.update())
  await group.talk()
  // A device that has lost its state takes its own place again.
  await cat.forget()
  await group.enter(cat, ann)
  await group.talk()
  await group.change(xia, 'updates', await xia.update())
  await group.talk()
  await group.leave(cat, await cat.proposeLeave(), wim)
  await group.talk()
  await group.leave(dan, await dan.proposeLeave(), ann)
  await group.talk()
  return group.tally
}

const complete = (tally: Tally): boolean => Object.values(tally).every((count) => count > 0)

try {
  const asked = process.argv.slice(2).map(Number)
  const suites = asked.length > 0 ? asked : SUITES
  const core = await loadCoreCrypto()
  const tallies: Record<number, Tally> = {}
  for (const suite of suites) {
    const tally = await play(core, suite)
    tallies[suite] = tally
    const { messages, commits, welcomes, ...done } = tally
    console.log(
      `suite ${suite}: ${messages + commits + welcomes} exchanges between the two checked: ${messages} messages, ` +
        `${welcomes} Welcomes, ${commits} commits (${done.adds} adds, ${done.updates} updates, ` +
        `${done.removes} removes, ${done.leaves} leaves, ${done.externalJoins} external joins, ` +
        `${done.extensionChanges} changes of extensions)`,
    )
  }
  const ok = Object.values(tallies).every(complete)
  console.log(JSON.stringify({ peer: 'core-crypto', version: core.version(), suites: tallies, ok }))
  process.exit(ok ? 0 : 1)
} catch (error) {
  console.error(inspect(error, { depth: 6 }))
  console.log(JSON.stringify({ peer: 'core-crypto', ok: false }))
  process.exit(1)
}
