/** A chain of its own for a test: anvil on a free loopback port, two wallets, the escrow deployed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:process'
import { deployEscrow, type EscrowClients } from '@hyphae/payment/evm'
import {
  type Address,
  createPublicClient,
  createTestClient,
  createWalletClient,
  defineChain,
  http,
  type TestClient,
} from 'viem'
import { type HDAccount, mnemonicToAccount } from 'viem/accounts'

/** anvil's own: worth nothing anywhere. */
const MNEMONIC = 'test test test test test test test test test test test junk'

export interface TestChain {
  readonly payer: EscrowClients & { readonly account: HDAccount }
  readonly payee: EscrowClients & { readonly account: HDAccount }
  readonly contract: Address
  readonly chainId: number
  /** A second contract of the same code. */
  deploy(): Promise<Address>
  /** Seconds since 1970, by the chain. */
  now(): Promise<number>
  advance(seconds: number): Promise<void>
  balance(address: Address): Promise<bigint>
  mine(blocks: number): Promise<void>
  /** What was done in `work` is on a branch that the chain then leaves. */
  reorganised(work: () => Promise<void>): Promise<void>
  readonly url: string
  close(): Promise<void>
}

function binary(): string {
  const names: Record<string, string> = { x64: 'amd64', arm64: 'arm64' }
  const systems: Record<string, string> = { linux: 'linux', darwin: 'darwin', win32: 'win32' }
  const anvil = createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json')
  const name = `@foundry-rs/anvil-${systems[platform]}-${names[arch]}`
  return createRequire(anvil).resolve(`${name}/bin/anvil${platform === 'win32' ? '.exe' : ''}`)
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`anvil ended with ${code}`)))
    child.stdout?.on('data', (part: Buffer) => {
      text += part.toString()
      const [, port] = /Listening on 127\.0\.0\.1:(\d+)/.exec(text) ?? []
      if (port !== undefined) resolve(`http://127.0.0.1:${port}`)
    })
  })
}

export async function startChain(chainId = 31_337): Promise<TestChain> {
  const options = ['--port', '0', '--host', '127.0.0.1', '--accounts', '3', '--chain-id', `${chainId}`]
  const child = spawn(binary(), options, { stdio: ['ignore', 'pipe', 'ignore'] })
  const url = await listening(child)
  const chain = defineChain({
    id: chainId,
    name: 'anvil',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  })
  const transport = http(url)
  const common = { chain, transport, pollingInterval: 20 }
  const reader = createPublicClient({ ...common, cacheTime: 0 })
  const test: TestClient = createTestClient({ ...common, mode: 'anvil' })
  const party = (addressIndex: number): TestChain['payer'] => {
    const account = mnemonicToAccount(MNEMONIC, { addressIndex })
    return { account, wallet: createWalletClient({ ...common, account }), chain: reader }
  }
  const [payer, payee] = [party(0), party(1)]
  return {
    payer,
    payee,
    contract: await deployEscrow(payee),
    chainId,
    deploy: () => deployEscrow(payee),
    now: async () => Number((await reader.getBlock()).timestamp),
    advance: async (seconds) => {
      await test.increaseTime({ seconds })
      await test.mine({ blocks: 1 })
    },
    mine: (blocks) => test.mine({ blocks }),
    reorganised: async (work) => {
      const id = await test.snapshot()
      await work()
      await test.revert({ id })
    },
    url,
    balance: (address) => reader.getBalance({ address }),
    close: () =>
      new Promise((resolve) => {
        child.removeAllListeners('exit')
        child.once('exit', () => resolve())
        child.kill('SIGTERM')
      }),
  }
}
