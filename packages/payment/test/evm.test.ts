import { defaultCrypto as crypto, type Ed25519PrivateKey } from '@hyphae/crypto'
import {
  channelId,
  createPayer,
  createTill,
  createWallet,
  FUNDING_KINDS,
  NO_CHAIN,
  openChannel,
  type Payer,
  signVoucher,
  type Till,
} from '@hyphae/payment'
import {
  decodeReference,
  ESCROW_ABI,
  ESCROW_BYTECODE,
  type EscrowReference,
  encodeReference,
  escrowEvidence,
  escrowFunding,
  escrowId,
  escrowPayer,
  verifyEvidence,
} from '@hyphae/payment/evm'
import { openEscrowNode } from '@hyphae/payment/evm-node'
import { openIssuer } from '@hyphae/payment/issuer'
import { memoryStore } from '@hyphae/store'
import { bytesToHex, type Hex, hexToBytes } from 'viem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileEscrow } from '../scripts/compile.mjs'
import { startChain, type TestChain } from './support/anvil.js'
import { type TestClock, testClock } from './support/market.js'

const HOUR = 3600n
const DAY = 24n * HOUR
const MS = 1000
const code = (name: string) => expect.objectContaining({ code: `payment/${name}` })

let chain: TestChain
let other: TestChain
beforeAll(async () => {
  ;[chain, other] = await Promise.all([startChain(), startChain(31_338)])
})
afterAll(() => Promise.all([chain.close(), other.close()]))

interface Scene {
  readonly clock: TestClock
  readonly till: Till
  readonly payer: Payer
  readonly key: Ed25519PrivateKey
  readonly reference: EscrowReference
  readonly channel: Uint8Array
  readonly escrow: ReturnType<typeof escrowPayer>
}

/** A payer whose channel is not deposited for yet, and a till that takes channels over the contract. */
async function scene(
  on: TestChain = chain,
  options: { minSettle?: bigint | undefined; days?: number; confirmations?: number } = {},
): Promise<Scene> {
  const clock = testClock((await on.now()) * MS)
  const payeeKey = crypto.ed25519.generate()
  const { contract, chainId } = on
  const reference = { chainId, contract, payer: on.payer.account.address, payee: on.payee.account.address }
  const key = crypto.ed25519.generate()
  const opening = openChannel(crypto, key, {
    payee: payeeKey.publicKey,
    nonce: crypto.randomBytes(16),
    expiresAt: clock.now() + (options.days ?? 30) * 86_400 * MS,
    chain: NO_CHAIN,
    funding: FUNDING_KINDS.evm,
    reference: encodeReference(reference),
  })
  const channel = channelId(crypto, opening.terms)
  const evidence = escrowEvidence(on.payer.account, reference, channel)
  const payer = createPayer({ crypto, key, opening, budget: 10n ** 18n, evidence })
  const { confirmations = 0 } = options
  const minSettle = 'minSettle' in options ? options.minSettle : 0n
  const least = minSettle === undefined ? {} : { minSettle }
  const funding = escrowFunding({ ...on.payee, contract, confirmations, ...least })
  const tariff = { byteDays: 1024, amount: 5n }
  const till = createTill({ store: memoryStore(), crypto, clock, payeeKey, tariff, fundings: [funding] })
  return { clock, till, payer, key, reference, channel, escrow: escrowPayer(on.payer, reference, channel) }
}

async function redeem(
  on: TestChain,
  as: TestChain['payer'],
  id: Hex,
  amount: bigint,
  expiresAt: bigint,
  signature: Hex,
) {
  const call = { address: on.contract, abi: ESCROW_ABI, functionName: 'redeem' } as const
  return as.chain.simulateContract({ ...call, args: [id, amount, expiresAt, signature], account: as.account })
}

describe('the contract', () => {
  it('in the sources is what the Solidity of the package compiles to', () => {
    const { abi, bytecode } = compileEscrow()
    expect(ESCROW_BYTECODE).toBe(bytecode)
    expect(JSON.parse(JSON.stringify(ESCROW_ABI))).toEqual(abi)
  })

  it('names channels and hashes vouchers as this package does', async () => {
    const { reference, channel, payer } = await scene()
    const { payer: from, payee: to, contract: address } = reference
    const args = [from, to, bytesToHex(channel)] as const
    const id = await chain.payer.chain.readContract({
      address,
      abi: ESCROW_ABI,
      functionName: 'channelId',
      args,
    })
    expect(escrowId(reference, channel)).toBe(id)
    const voucher = await payer.voucher(5n)
    expect(await verifyEvidence(reference, channel, voucher)).toBe(true)
    expect(decodeReference(encodeReference(reference))).toEqual(reference)
  })
})

describe('a channel over the escrow', () => {
  it('opens, pays, is topped up, settled and closed; the rest goes back', async () => {
    const { till, payer, escrow, channel } = await scene()
    await expect(till.open(payer.opening)).rejects.toThrow(code('unfunded'))
    await escrow.open(1_000_000n, DAY)
    await till.open(payer.opening)
    expect((await till.pay(await payer.voucher(400_000n))).credit).toBe(400_000n)
    await expect(till.pay(await payer.voucher(700_000n))).rejects.toThrow(code('over-capacity'))
    await escrow.topUp(500_000n)
    expect((await till.pay(await payer.voucher(100_000n))).credit).toBe(1_200_000n)
    expect(await till.settle()).toBe(1_200_000n)
    expect(await till.settle()).toBe(0n)
    expect(await escrow.state()).toMatchObject({ deposit: 1_500_000n, redeemed: 1_200_000n, closed: false })
    await till.pay(await payer.voucher(50_000n))
    await escrow.startClose()
    await expect(till.pay(await payer.voucher(1n))).rejects.toThrow(code('unfunded'))
    await expect(escrow.finishClose()).rejects.toThrow(/TooEarly/)
    // The payee still redeems what it holds while the notice runs.
    expect(await till.settle()).toBe(50_000n)
    await chain.advance(Number(DAY))
    const before = await chain.balance(chain.contract)
    await escrow.finishClose()
    expect(before - (await chain.balance(chain.contract))).toBe(250_000n)
    expect(await escrow.state()).toMatchObject({ redeemed: 1_250_000n, closed: true })
    expect((await till.balance(channel)).credit).toBe(1_250_000n)
  })

  it('buys tokens', async () => {
    const { clock, payer, escrow } = await scene()
    const store = memoryStore()
    const payeeKey = crypto.ed25519.generate()
    const issuer = await openIssuer({ store, crypto, clock, payeeKey, name: 'relay.example', values: [2048] })
    const tariff = { byteDays: 1024, amount: 5n }
    const fundings = [escrowFunding({ ...chain.payee, contract: chain.contract, confirmations: 0 })]
    const till = createTill({ store, crypto, clock, payeeKey, tariff, fundings, issuer })
    const key = crypto.ed25519.generate()
    const opening = openChannel(crypto, key, { ...payer.opening.terms, payee: payeeKey.publicKey })
    const channel = channelId(crypto, opening.terms)
    const reference = decodeReference(opening.terms.reference)
    await escrowPayer(chain.payer, reference, channel).open(1000n, DAY)
    await till.open(opening)
    const evidence = escrowEvidence(chain.payer.account, reference, channel)
    const mine = createPayer({ crypto, key, opening, budget: 1000n, evidence })
    await till.pay(await mine.voucher(30n))
    const wallet = createWallet({ store: memoryStore(), crypto, clock, statement: issuer.statement() })
    const batch = wallet.prepare(2048, 3)
    await batch.finish(await till.sell(mine.order(batch.keyId, batch.blinded)))
    expect((await till.balance(channel)).credit).toBe(0n)
    const token = (await wallet.take(2048)) as Uint8Array
    await till.takeToken(token, { bytes: 2048, days: 1, purpose: crypto.randomBytes(16) })
    expect((await escrow.state()).deposit).toBe(0n)
  })

  it('is settled when it is worth it, or when it ends', async () => {
    const { till, payer, escrow } = await scene(chain, { minSettle: 1_000n })
    await escrow.open(10_000n, DAY)
    await till.open(payer.opening)
    await till.pay(await payer.voucher(999n))
    expect(await till.settle()).toBe(0n)
    await till.pay(await payer.voucher(1n))
    expect(await till.settle()).toBe(1_000n)
    await till.pay(await payer.voucher(7n))
    expect(await till.settle()).toBe(0n)
    await chain.advance(Number(29n * DAY + HOUR))
    expect(await till.settle()).toBe(7n)
  })

  it('is let go when nobody was there to settle it in time, and holds up nothing', async () => {
    const { till, payer, escrow } = await scene(chain, { minSettle: 1_000n })
    await escrow.open(10_000n, DAY)
    await till.open(payer.opening)
    await till.pay(await payer.voucher(999n))
    await chain.advance(Number(32n * DAY))
    expect(await till.settle()).toBe(0n)
    expect(await till.settle()).toBe(0n)
    expect((await escrow.state()).redeemed).toBe(0n)
  })

  it('is settled when that brings several times what it costs, and dust never is', async () => {
    const { till, payer, escrow } = await scene(chain, { minSettle: undefined })
    const cost = 100_000n * (await chain.payee.chain.getGasPrice())
    await escrow.open(100n * cost, DAY)
    await till.open(payer.opening)
    const before = await chain.balance(chain.payee.account.address)
    await till.pay(await payer.voucher(7n))
    expect(await till.settle()).toBe(0n)
    await till.pay(await payer.voucher(50n * cost))
    expect(await till.settle()).toBe(50n * cost + 7n)
    expect(await chain.balance(chain.payee.account.address)).toBeGreaterThan(before + 49n * cost)
    await till.pay(await payer.voucher(9n))
    await chain.advance(Number(29n * DAY + HOUR))
    const held = await chain.balance(chain.payee.account.address)
    expect(await till.settle()).toBe(0n)
    await chain.advance(Number(2n * DAY))
    expect(await till.settle()).toBe(0n)
    expect(await chain.balance(chain.payee.account.address)).toBe(held)
  })

  it('hostile 31: counts only as deep as no branch goes: a deposit that a branch took back has bought nothing', async () => {
    const { till, payer, escrow } = await scene(chain, { confirmations: 3 })
    await chain.reorganised(async () => {
      await escrow.open(1_000n, DAY)
      await expect(till.open(payer.opening)).rejects.toThrow(code('unfunded'))
    })
    await expect(till.open(payer.opening)).rejects.toThrow(code('unfunded'))
    await escrow.open(1_000n, DAY)
    await chain.mine(3)
    await till.open(payer.opening)
    await escrow.topUp(500n)
    await till.pay(await payer.voucher(1_000n))
    const more = await payer.voucher(1n)
    await expect(till.pay(more)).rejects.toThrow(code('over-capacity'))
    await chain.mine(3)
    expect((await till.pay(more)).credit).toBe(1_001n)
  })

  it('is reached by the URL of a node and a key', async () => {
    const key = bytesToHex(chain.payee.account.getHdKey().privateKey as Uint8Array)
    const { contract, url } = chain
    const clients = await openEscrowNode({ url, contract, key })
    expect(clients.wallet.account.address).toBe(chain.payee.account.address)
    expect(clients.wallet.chain.id).toBe(chain.chainId)
    const nobody = `0x${'12'.repeat(20)}` as const
    await expect(openEscrowNode({ url, contract: nobody, key })).rejects.toThrow(code('wrong-chain'))
    await expect(openEscrowNode({ url: 'http://127.0.0.1:1/secret', contract, key })).rejects.not.toThrow(
      /secret/,
    )
  })

  it('is let go by the payee at once', async () => {
    const { escrow, reference, channel } = await scene()
    await escrow.open(500n, DAY)
    const { chain: reader, wallet, account } = chain.payee
    const call = {
      address: chain.contract,
      abi: ESCROW_ABI,
      functionName: 'release',
      args: [escrowId(reference, channel)],
    } as const
    const { request } = await reader.simulateContract({ ...call, account })
    await reader.waitForTransactionReceipt({ hash: await wallet.writeContract(request) })
    expect(await escrow.state()).toMatchObject({ closed: true, redeemed: 0n })
  })
})

describe('hostile 8: vouchers of an escrow', () => {
  it("that go backward, exceed the deposit, have expired or are not the payer's pay nothing", async () => {
    const { payer, escrow, reference, channel, till } = await scene()
    await escrow.open(1_000n, DAY)
    await till.open(payer.opening)
    const id = escrowId(reference, channel)
    const voucher = await payer.voucher(600n)
    await till.pay(voucher)
    await till.settle()
    const seconds = BigInt(Math.floor(voucher.expiresAt / MS))
    const signed = bytesToHex(voucher.evidence)
    await expect(redeem(chain, chain.payee, id, 600n, seconds, signed)).rejects.toThrow(/Backward/)
    const more = await payer.voucher(100n)
    const evidence = bytesToHex(more.evidence)
    await expect(redeem(chain, chain.payer, id, 700n, seconds, evidence)).rejects.toThrow(/NotPayee/)
    await expect(redeem(chain, chain.payee, id, 701n, seconds, evidence)).rejects.toThrow(/BadSignature/)
    await expect(redeem(chain, chain.payee, id, 700n, seconds + 1n, evidence)).rejects.toThrow(/BadSignature/)
    await expect(redeem(chain, chain.payee, id, 700n, 1n, evidence)).rejects.toThrow(/Expired/)
    await expect(redeem(chain, chain.payee, id, 1_001n, seconds, evidence)).rejects.toThrow(/BeyondDeposit/)
    await expect(redeem(chain, chain.payee, id, 700n, seconds, '0x1234')).rejects.toThrow(/BadSignature/)
    // The malleable twin of a signature: n - s, and the other v.
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const s = order - BigInt(bytesToHex(more.evidence.slice(32, 64)))
    const v = more.evidence[64] === 27 ? '1c' : '1b'
    const twin: Hex = `${evidence.slice(0, 66) as Hex}${s.toString(16).padStart(64, '0')}${v}`
    await expect(redeem(chain, chain.payee, id, 700n, seconds, twin)).rejects.toThrow(/BadSignature/)
    // What the contract would not pay gives no credit: the twin, and the other way to write v.
    await expect(till.pay({ ...more, evidence: hexToBytes(twin) })).rejects.toThrow(code('bad-signature'))
    const short = more.evidence.with(64, (more.evidence[64] as number) - 27)
    await expect(till.pay({ ...more, evidence: short })).rejects.toThrow(code('bad-signature'))
    await redeem(chain, chain.payee, id, 700n, seconds, evidence)
  })

  it('that end before they would be redeemed give no credit', async () => {
    const { clock, payer, key, escrow, reference, channel, till } = await scene()
    await escrow.open(1_000n, DAY)
    await till.open(payer.opening)
    const evidenceOf = escrowEvidence(chain.payer.account, reference, channel)
    for (const lifeMs of [2 * MS, Number(DAY) * MS]) {
      const statement = { channel, amount: 10n, expiresAt: clock.now() + lifeMs }
      const voucher = signVoucher(crypto, key, statement, await evidenceOf(statement))
      await expect(till.pay(voucher)).rejects.toThrow(code('expired'))
    }
    expect((await till.balance(channel)).credit).toBe(0n)
  })

  it('of another contract, chain or channel are refused by till and contract', async () => {
    const second = await chain.deploy()
    const { payer, escrow, reference, channel, till } = await scene()
    await escrow.open(1_000n, DAY)
    await till.open(payer.opening)
    const good = await payer.voucher(10n)
    const seconds = BigInt(Math.floor(good.expiresAt / MS))
    const id = escrowId(reference, channel)
    for (const elsewhere of [
      { ...reference, contract: second },
      { ...reference, chainId: 31_338 },
    ]) {
      const evidence = await escrowEvidence(
        chain.payer.account,
        elsewhere,
        channel,
      )({ amount: 10n, expiresAt: good.expiresAt })
      await expect(till.pay({ ...good, evidence })).rejects.toThrow(code('bad-signature'))
      await expect(redeem(chain, chain.payee, id, 10n, seconds, bytesToHex(evidence))).rejects.toThrow(
        /BadSignature/,
      )
    }
    const stranger = await escrowEvidence(
      chain.payee.account,
      reference,
      channel,
    )({ amount: 10n, expiresAt: good.expiresAt })
    await expect(till.pay({ ...good, evidence: stranger })).rejects.toThrow(code('bad-signature'))
    await expect(till.pay({ ...good, evidence: new Uint8Array(0) })).rejects.toThrow(code('bad-signature'))
    const sibling = await scene()
    await sibling.escrow.open(1_000n, DAY)
    const moved = bytesToHex(good.evidence)
    const siblingId = escrowId(sibling.reference, sibling.channel)
    await expect(redeem(chain, chain.payee, siblingId, 10n, seconds, moved)).rejects.toThrow(/BadSignature/)
  })

  it('of a channel on another chain open no channel here', async () => {
    const there = await scene(other)
    await there.escrow.open(1_000n, DAY)
    const here = await scene()
    const foreign = openChannel(crypto, crypto.ed25519.generate(), {
      ...there.payer.opening.terms,
      payee: here.till.payee,
      expiresAt: here.payer.opening.terms.expiresAt,
    })
    await expect(here.till.open(foreign)).rejects.toThrow(code('wrong-chain'))
  })

  it('of a closed channel stay worthless: its id is used once for ever', async () => {
    const { payer, escrow, reference, channel } = await scene()
    await escrow.open(1_000n, HOUR)
    const voucher = await payer.voucher(10n)
    await escrow.startClose()
    await chain.advance(Number(HOUR))
    await escrow.finishClose()
    await expect(escrow.open(1_000n, DAY)).rejects.toThrow(/Exists/)
    const seconds = BigInt(Math.floor(voucher.expiresAt / MS))
    const call = redeem(
      chain,
      chain.payee,
      escrowId(reference, channel),
      10n,
      seconds,
      bytesToHex(voucher.evidence),
    )
    await expect(call).rejects.toThrow(/NotOpen/)
    await expect(escrow.topUp(1n)).rejects.toThrow(/NotOpen/)
  })

  it('need a notice that is long enough, a deposit, and the payer to close', async () => {
    const { escrow, till, payer, reference, channel } = await scene()
    await expect(escrow.open(1_000n, 60n)).rejects.toThrow(/BadNotice/)
    await expect(escrow.open(0n, DAY)).rejects.toThrow(/BadValue/)
    await escrow.open(1_000n, HOUR)
    await expect(till.open(payer.opening)).rejects.toThrow(code('unfunded'))
    const stranger = escrowPayer(chain.payee, reference, channel)
    await expect(stranger.startClose()).rejects.toThrow(/NotPayer/)
    await escrow.startClose()
    await expect(escrow.startClose()).rejects.toThrow(/NotOpen/)
  })
})
