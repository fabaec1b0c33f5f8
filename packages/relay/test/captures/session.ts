/** One session with a relay in which nothing is left to chance: the same bytes whenever and by whichever version. */
import { type BoxKey, boxId, type Carrier } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { signDirectoryRecord, signStockUpload } from '@hyphae/tlv'

const seed = (n: number): Uint8Array => new Uint8Array(32).fill(n)
const key = crypto.ed25519.importSeed(seed(1))
const writer = crypto.ed25519.importSeed(seed(2))

export const BOX: BoxKey = {
  id: boxId(key.publicKey),
  sign: (message) => crypto.ed25519.sign(key, message),
}

export const item = (n: number, size: number) => ({
  box: BOX.id,
  id: new Uint8Array(16).fill(n),
  frame: new Uint8Array(size).fill(n),
})

export type FullCarrier = Carrier & Required<Pick<Carrier, 'mailbox' | 'directory' | 'blobs'>>

/** What it came to, to be compared over versions. */
export async function speak({ mailbox, directory, blobs }: FullCarrier): Promise<unknown[]> {
  const said: unknown[] = []
  await mailbox.put([item(1, 128), item(2, 512), item(3, 2048), item(4, 4096)])
  await mailbox.put([item(1, 128)])
  const found = await mailbox.fetch(BOX)
  said.push(found.map(({ frame, cursor }) => [frame.length, cursor]))
  await found[0]?.ack()
  for await (const { frame, ack } of mailbox.watch(BOX)) {
    said.push(frame[0])
    await ack()
    if (frame[0] === 4) break
  }
  said.push(await mailbox.fetch(BOX))
  const address = seed(9)
  const record = signDirectoryRecord(crypto, writer, { address, sequence: 1, body: seed(7) })
  await directory.publish(record)
  said.push((await directory.lookup(address)).map(({ body }) => [...body]))
  said.push((await directory.lookup(seed(8))).length)
  const upload = signStockUpload(crypto, writer, {
    kind: 1,
    sequence: 1,
    items: [seed(5), seed(6)],
    lastResort: seed(4),
    replace: false,
  })
  await directory.stock(upload)
  said.push(await directory.remaining(writer.publicKey, 1))
  for (let i = 0; i < 3; i++) {
    const taken = await directory.take(writer.publicKey, 1)
    said.push([taken?.item[0], taken?.lastResort])
  }
  const stale = await directory
    .stock({ ...upload, sequence: 0 })
    .catch((error: { code: string }) => error.code)
  said.push(stale)
  const data = new Uint8Array(1000).fill(3)
  const hash = crypto.sha256(data)
  await blobs.put([{ hash, data }])
  said.push((await blobs.get([hash, seed(1)])).map((blob) => blob?.length))
  said.push(await blobs.has([hash, seed(1)]))
  return said
}
